package main

import (
	"bytes"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"google.golang.org/protobuf/encoding/protowire"
)

const (
	tCDS = iota
	tEDS
	tLDS
	tRDS
	nTypes
)

var typeURLs = [nTypes]string{
	"type.googleapis.com/envoy.config.cluster.v3.Cluster",
	"type.googleapis.com/envoy.config.endpoint.v3.ClusterLoadAssignment",
	"type.googleapis.com/envoy.config.listener.v3.Listener",
	"type.googleapis.com/envoy.config.route.v3.RouteConfiguration",
}
var typeNames = [nTypes]string{"cds", "eds", "lds", "rds"}

func typeIndex(b []byte) int {
	for i := range typeURLs {
		if string(b) == typeURLs[i] {
			return i
		}
	}
	return -1
}

// counters of the whole swarm
var (
	cMsgs, cRes, cRemoved, cBytes, cAcks, cNacks atomic.Int64
	cByType                                      [nTypes]atomic.Int64
	cEmpty                                       atomic.Int64 // responses with neither resources nor removals
)

// stream is one ADS stream: one pretended Envoy.
type stream struct {
	idx   int
	h     *h2
	cfg   *config
	node  []byte // encoded Node, sent in the first request only
	mu    sync.Mutex
	began time.Time

	sub     [nTypes]bool // request sent
	seen    [nTypes]bool // a response came
	nonce   [nTypes]string
	version [nTypes]string
	lastAt  [nTypes]time.Time // when the last response was ACKed
	cur     [nTypes]*deps     // SotW: what the last CDS / LDS led to
	want    [nTypes]bits      // EDS and RDS names subscribed
	nwant   [nTypes]int
	got     [nTypes]bits // answered, tracked until the cold start is over
	ngot    [nTypes]int
	gaveUp  [nTypes]bool // initial fetch timeout

	ready bool
	dead  bool
	err   error

	ph     *phase // last phase this stream finished
	phSeen map[int32]bool
	phID   *phase
}

func (s *stream) request(t int, names, unsub []byte, nonce, version string, nack error) error {
	var b []byte
	if s.node != nil {
		if s.cfg.delta {
			b = str(b, 1, s.node)
		}
	}
	if s.cfg.delta {
		b = str(b, 2, []byte(typeURLs[t]))
		b = append(b, names...)
		b = append(b, unsub...)
		if nonce != "" {
			b = str(b, 6, []byte(nonce))
		}
		if nack != nil {
			b = str(b, 7, statusBytes(nack))
		}
	} else {
		if version != "" {
			b = str(b, 1, []byte(version))
		}
		if s.node != nil {
			b = str(b, 2, s.node)
		}
		b = append(b, names...)
		b = str(b, 4, []byte(typeURLs[t]))
		if nonce != "" {
			b = str(b, 5, []byte(nonce))
		}
		if nack != nil {
			b = str(b, 6, statusBytes(nack))
		}
	}
	s.node = nil
	return s.h.send(b)
}

func statusBytes(err error) []byte {
	var b []byte
	b = protowire.AppendTag(b, 1, protowire.VarintType)
	b = protowire.AppendVarint(b, 3)
	m := err.Error()
	if len(m) > 500 {
		m = m[:500]
	}
	return str(b, 2, []byte(m))
}

func (s *stream) begin() error {
	s.sub[tCDS] = true
	if err := s.request(tCDS, nil, nil, "", "", nil); err != nil {
		return err
	}
	if s.cfg.parallel {
		s.sub[tLDS] = true
		return s.request(tLDS, nil, nil, "", "", nil)
	}
	return nil
}

// depType: CDS leads to EDS, LDS to RDS.
func depType(t int) int { return t + 1 }

func (s *stream) message(b []byte) error {
	r, err := scan(b, s.cfg.delta)
	if err != nil {
		return err
	}
	t := typeIndex(r.typeURL)
	if t < 0 {
		return fmt.Errorf("response of unknown type %q", r.typeURL)
	}
	cMsgs.Add(1)
	cByType[t].Add(1)
	cRes.Add(int64(r.nres))
	cRemoved.Add(int64(r.nremoved))
	cBytes.Add(int64(len(b) + 5))
	if r.nres == 0 && r.nremoved == 0 {
		cEmpty.Add(1)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.sub[t] {
		return fmt.Errorf("response of type %s that was not asked for", typeNames[t])
	}

	var bad error
	if s.cfg.validate {
		bad = r.each(s.cfg.delta, func(name, typ, val []byte) error {
			if !bytes.Equal(typ, r.typeURL) {
				return fmt.Errorf("resource %q has type %q in a response of type %q", name, typ, r.typeURL)
			}
			return validate(typ, val)
		})
	}

	ph := curPhase.Load()
	hit := false
	if ph != nil && s.ph != ph && ph.typ == t {
		hit = s.matches(ph, &r)
	}

	// what CDS and LDS lead to
	var add, del []byte
	dep := -1
	if bad == nil && (t == tCDS || t == tLDS) {
		dep = depType(t)
		d, err := depsOf(t, &r, s.cfg.delta)
		if err != nil {
			bad = err
		} else if s.cfg.delta {
			for _, id := range d.ids {
				if s.want[dep].add(id) {
					s.nwant[dep]++
					add = str(add, 3, []byte(nameOf(id)))
				}
			}
			r.removed(func(name []byte) {
				if v, ok := ownerDep.Load(ownerKey{t, string(name)}); ok {
					for _, id := range v.([]int32) {
						if s.want[dep].del(id) {
							s.nwant[dep]--
							del = str(del, 4, []byte(nameOf(id)))
						}
					}
				}
			})
		} else if d != s.cur[t] {
			s.cur[t] = d
			if !sameSet(s.want[dep], s.nwant[dep], d.ids) || !s.sub[dep] {
				s.want[dep], s.nwant[dep] = nil, len(d.ids)
				for _, id := range d.ids {
					s.want[dep].add(id)
				}
				add = d.wire
			}
		}
	}

	// ACK
	s.seen[t] = true
	s.nonce[t] = string(r.nonce)
	if bad == nil {
		s.version[t] = string(r.version)
		cAcks.Add(1)
	} else {
		cNacks.Add(1)
		noteInvalid(s.idx, typeNames[t], bad)
	}
	if s.cfg.delta {
		err = s.request(t, nil, nil, s.nonce[t], "", bad)
	} else {
		var names []byte
		if t == tEDS && s.cur[tCDS] != nil {
			names = s.cur[tCDS].wire
		} else if t == tRDS && s.cur[tLDS] != nil {
			names = s.cur[tLDS].wire
		}
		err = s.request(t, names, nil, s.nonce[t], s.version[t], bad)
	}
	if err != nil {
		return err
	}
	s.lastAt[t] = time.Now()
	if hit {
		s.ph = ph
		ph.recordAt(s.idx, s.lastAt[t])
	}

	if len(add) > 0 || len(del) > 0 {
		first := !s.sub[dep]
		s.sub[dep] = true
		nonce := s.nonce[dep]
		if s.cfg.delta {
			nonce = "" // in Delta only an answer has a nonce
		}
		if err := s.request(dep, add, del, nonce, s.version[dep], nil); err != nil {
			return err
		}
		if first {
			d := dep
			time.AfterFunc(s.cfg.initFetch, func() { s.giveUp(d) })
		}
	}
	if !s.ready {
		if t == tEDS || t == tRDS {
			if err := r.each(s.cfg.delta, func(name, _, _ []byte) error {
				s.answered(t, intern(name))
				return nil
			}); err != nil {
				return err
			}
			r.removed(func(name []byte) { s.answered(t, intern(name)) })
		}
		return s.advance()
	}
	return nil
}

func (s *stream) answered(t int, id int32) {
	if s.want[t].has(id) && s.got[t].add(id) {
		s.ngot[t]++
	}
}

func (s *stream) complete(t int) bool { return s.gaveUp[t] || s.ngot[t] >= s.nwant[t] }

func (s *stream) giveUp(t int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ready || s.dead || s.complete(t) {
		return
	}
	s.gaveUp[t] = true
	_ = s.advance()
}

// advance goes on with Envoy's start-up order: CDS, EDS, then LDS, RDS.
func (s *stream) advance() error {
	if !s.seen[tCDS] || !s.complete(tEDS) {
		return nil
	}
	if !s.sub[tLDS] {
		s.sub[tLDS] = true
		return s.request(tLDS, nil, nil, "", "", nil)
	}
	if !s.seen[tLDS] || !s.complete(tRDS) {
		return nil
	}
	s.ready = true
	s.got = [nTypes]bits{}
	if p := coldPhase; p != nil {
		p.record(s.idx)
	}
	return nil
}

func sameSet(b bits, n int, ids []int32) bool {
	if n != len(ids) {
		return false
	}
	for _, id := range ids {
		if !b.has(id) {
			return false
		}
	}
	return true
}

func (s *stream) matches(p *phase, r *resp) bool {
	switch p.by {
	case "version":
		return string(r.version) == p.version
	case "token":
		return bytes.Contains(r.raw, p.token)
	case "names":
		if s.phID != p {
			s.phID, s.phSeen = p, nil
		}
		_ = r.each(s.cfg.delta, func(name, _, _ []byte) error {
			if id := intern(name); p.names[id] {
				if s.phSeen == nil {
					s.phSeen = map[int32]bool{}
				}
				s.phSeen[id] = true
			}
			return nil
		})
		return len(s.phSeen) >= len(p.names)
	}
	return true // any
}
