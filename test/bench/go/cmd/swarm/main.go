// Command swarm opens N ADS streams that behave like Envoys and measures how
// long a control plane takes to configure them all and to spread changes, and
// what that costs the server.
package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"os/exec"
	"sort"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	core "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/structpb"

	"heddle.dev/test/bench/internal/proc"
)

type config struct {
	delta, parallel, validate bool
	initFetch                 time.Duration
}

// phase is one thing waited for on all streams.
type phase struct {
	typ     int
	by      string
	version string
	token   []byte
	names   map[int32]bool
	t0      time.Time
	lat     []int64 // ns since t0, 0 = not yet
	n       atomic.Int64
	target  *atomic.Int64
	done    chan struct{}
	once    sync.Once
	first   atomic.Int64
}

var (
	curPhase  atomic.Pointer[phase]
	coldPhase *phase
	alive     atomic.Int64
	streams   []*stream

	invalidMu   sync.Mutex
	invalidErrs []string
	deadMu      sync.Mutex
	deadErrs    = map[string]int{}
)

func newPhase(n int) *phase {
	return &phase{lat: make([]int64, n), done: make(chan struct{}), target: &alive, t0: time.Now()}
}

func (p *phase) record(i int) { p.recordAt(i, time.Now()) }

func (p *phase) recordAt(i int, at time.Time) {
	d := int64(at.Sub(p.t0))
	p.lat[i] = d
	p.first.CompareAndSwap(0, d)
	if p.n.Add(1) >= p.target.Load() {
		p.once.Do(func() { close(p.done) })
	}
}

func (p *phase) poke() {
	if p.n.Load() >= p.target.Load() {
		p.once.Do(func() { close(p.done) })
	}
}

func noteInvalid(i int, t string, err error) {
	invalidMu.Lock()
	defer invalidMu.Unlock()
	if len(invalidErrs) < 10 {
		invalidErrs = append(invalidErrs, fmt.Sprintf("stream %d %s: %v", i, t, err))
	}
}

func ms(ns int64) float64 { return float64(ns/1000) / 1000 }

func (p *phase) stats(m map[string]any) {
	var l []int64
	for _, v := range p.lat {
		if v > 0 {
			l = append(l, v)
		}
	}
	sort.Slice(l, func(i, j int) bool { return l[i] < l[j] })
	q := func(f float64) float64 {
		if len(l) == 0 {
			return -1
		}
		i := int(f * float64(len(l)))
		return ms(l[min(i, len(l)-1)])
	}
	m["streams_done"] = len(l)
	m["min_ms"], m["p50_ms"], m["p90_ms"], m["p99_ms"], m["max_ms"] = q(0), q(.5), q(.9), q(.99), q(1)
}

type counts struct{ msgs, res, removed, bytes, acks, nacks, empty int64 }

func readCounts() counts {
	return counts{cMsgs.Load(), cRes.Load(), cRemoved.Load(), cBytes.Load(), cAcks.Load(), cNacks.Load(), cEmpty.Load()}
}

func (a counts) since(b counts, m map[string]any) {
	m["responses"], m["resources"], m["removed"] = a.msgs-b.msgs, a.res-b.res, a.removed-b.removed
	m["bytes_rx"], m["acks"], m["nacks"], m["empty_responses"] = a.bytes-b.bytes, a.acks-b.acks, a.nacks-b.nacks, a.empty-b.empty
}

func bytesOut() (n int64) {
	for _, s := range streams {
		if h := s.h; h != nil {
			h.mu.Lock()
			n += h.bytesOut
			h.mu.Unlock()
		}
	}
	return
}

func selfCPU() float64 {
	var ru syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &ru)
	return float64(ru.Utime.Sec+ru.Stime.Sec) + float64(ru.Utime.Usec+ru.Stime.Usec)/1e6
}

// server is the process under test.
type server struct{ pids []int }

func (s server) read() proc.Usage { u, _ := proc.Read(s.pids); return u }

// settle waits until the server is quiet: less than 2% of a core for 300 ms.
func (s server) settle(atLeast, atMost time.Duration) {
	time.Sleep(atLeast)
	if len(s.pids) == 0 {
		return
	}
	end := time.Now().Add(atMost)
	for time.Now().Before(end) {
		a := s.read().CPU()
		time.Sleep(300 * time.Millisecond)
		if s.read().CPU()-a < 0.006 {
			return
		}
	}
}

func emit(m map[string]any) {
	b, _ := json.Marshal(m)
	fmt.Println(string(b))
}

func r3(f float64) float64 { return float64(int64(f*1000+0.5)) / 1000 }

type multi []string

func (m *multi) String() string     { return strings.Join(*m, ",") }
func (m *multi) Set(s string) error { *m = append(*m, s); return nil }

func main() {
	addr := flag.String("addr", "127.0.0.1:18010", "ADS server")
	n := flag.Int("n", 100, "streams")
	mode := flag.String("mode", "sotw", "sotw|delta")
	prefix := flag.String("node-prefix", "node-", "node ids are prefix + number")
	suffix := flag.String("node-suffix", "", "node ids end with this")
	nodeCluster := flag.String("node-cluster", "swarm", "node cluster")
	metaJSON := flag.String("node-metadata", "", "node metadata as JSON (or @file)")
	template := flag.String("node-template", "", "file with an envoy Node in proto JSON; its id is replaced")
	nodesFile := flag.String("nodes-file", "", "file with a JSON array of envoy Nodes (proto JSON); stream i is node i mod length")
	doVal := flag.Bool("validate", false, "unmarshal and PGV-validate each distinct resource; NACK what fails")
	order := flag.String("order", "envoy", "envoy: CDS, EDS, LDS, RDS | parallel: LDS along with CDS")
	initFetch := flag.Duration("init-fetch-timeout", 15*time.Second, "go on without EDS/RDS answers after this")
	coldTO := flag.Duration("cold-timeout", 120*time.Second, "limit of the cold start")
	dialC := flag.Int("dial-concurrency", 256, "TCP connects under way at once")
	streamWin := flag.Int64("stream-window", 16<<20, "HTTP/2 stream window (Envoy's default)")
	connWin := flag.Int64("conn-window", 24<<20, "HTTP/2 connection window (Envoy's default)")
	readBuf := flag.Int("read-buffer", 16<<10, "read buffer of a connection")
	pidList := flag.String("server-pid", "", "pid(s) of the server, comma separated; children count too")
	var mutURLs multi
	flag.Var(&mutURLs, "mutate-url", "POST this to cause a change; repeatable: -mutations of each in turn")
	mutCmd := flag.String("mutate-cmd", "", "run this shell command to cause a change (needs -expect)")
	expect := flag.String("expect", "", "what to wait for: eds|rds|cds|lds[:version=V|:token=T|:names=a;b]; with neither -mutate-url nor -mutate-cmd it waits for a change by somebody else")
	muts := flag.Int("mutations", 3, "how many changes")
	warm := flag.Int("warmup", 0, "changes before those, not reported")
	warmTO := flag.Duration("warmup-limit", time.Minute, "no more of those once they have taken this long")
	phaseTO := flag.Duration("timeout", 60*time.Second, "limit of one change")
	settleMin := flag.Duration("settle", 300*time.Millisecond, "least wait after each phase before the server's use is read")
	gcURL := flag.String("gc-url", "", "GET this (a stats page that collects garbage) before the cold start, and after it before memory is read again")
	label := flag.String("label", "", "copied into each line")
	lockStreams := flag.Bool("lock-streams", false, "hold back all streams until the mutate URL has answered (for answers without a version)")
	hold := flag.Duration("hold", 0, "stay connected this long at the end")
	insecureTLS := flag.Bool("tls-insecure", false, "TLS without verification")
	caFile := flag.String("tls-ca", "", "TLS with this CA file")
	certFile := flag.String("tls-cert", "", "client certificate")
	keyFile := flag.String("tls-key", "", "client key")
	sni := flag.String("tls-name", "", "server name")
	var headers multi
	flag.Var(&headers, "H", "extra request header name=value, repeatable")
	flag.Parse()
	log.SetFlags(0)

	cfg := &config{delta: *mode == "delta", parallel: *order == "parallel", validate: *doVal, initFetch: *initFetch}
	nodes := makeNodes(*n, *prefix, *suffix, *nodeCluster, *metaJSON, *template, *nodesFile)
	var pids []int
	for _, w := range strings.Split(*pidList, ",") {
		if p, err := strconv.Atoi(strings.TrimSpace(w)); err == nil {
			pids = append(pids, p)
		}
	}
	srv := server{pids}
	var tc *tls.Config
	scheme := "http"
	if *insecureTLS || *caFile != "" {
		scheme = "https"
		tc = &tls.Config{InsecureSkipVerify: *insecureTLS, ServerName: *sni, NextProtos: []string{"h2"}}
		if *caFile != "" {
			b, err := os.ReadFile(*caFile)
			if err != nil {
				log.Fatal(err)
			}
			tc.RootCAs = x509.NewCertPool()
			tc.RootCAs.AppendCertsFromPEM(b)
		}
		if *certFile != "" {
			c, err := tls.LoadX509KeyPair(*certFile, *keyFile)
			if err != nil {
				log.Fatal(err)
			}
			tc.Certificates = []tls.Certificate{c}
		}
		if tc.ServerName == "" {
			tc.ServerName, _, _ = net.SplitHostPort(*addr)
		}
	}
	path := "/envoy.service.discovery.v3.AggregatedDiscoveryService/StreamAggregatedResources"
	if cfg.delta {
		path = "/envoy.service.discovery.v3.AggregatedDiscoveryService/DeltaAggregatedResources"
	}
	var extra [][2]string
	for _, h := range headers {
		k, v, _ := strings.Cut(h, "=")
		extra = append(extra, [2]string{strings.ToLower(k), v})
	}
	base := func(phaseName string) map[string]any {
		m := map[string]any{"phase": phaseName, "mode": *mode, "n": *n}
		if *label != "" {
			m["label"] = *label
		}
		return m
	}

	// cold start
	alive.Store(int64(*n))
	cold := newPhase(*n)
	coldPhase = cold
	if *gcURL != "" { // what is left of the server's own start must not count as a sidecar's
		get(*gcURL)
		time.Sleep(200 * time.Millisecond)
	}
	before := srv.read()
	proc.ResetHWM(pids)
	busy0 := proc.Busy()
	c0, cpu0 := readCounts(), selfCPU()
	sem := make(chan struct{}, *dialC)
	streams = make([]*stream, *n)
	for i := range streams {
		streams[i] = &stream{idx: i, cfg: cfg, node: nodes[i%len(nodes)]}
	}
	cold.t0 = time.Now()
	var connected atomic.Int64
	for i := range streams {
		sem <- struct{}{}
		go func(s *stream) {
			var nc net.Conn
			var err error
			d := net.Dialer{Timeout: 30 * time.Second}
			if strings.HasPrefix(*addr, "unix:") {
				nc, err = d.Dial("unix", strings.TrimPrefix(*addr, "unix:"))
			} else {
				nc, err = d.Dial("tcp", *addr)
			}
			if err == nil && tc != nil {
				t := tls.Client(nc, tc)
				ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
				err = t.HandshakeContext(ctx)
				cancel()
				nc = t
			}
			<-sem
			if err == nil {
				connected.Add(1)
				s.began = time.Now()
				s.h = newH2(nc, *readBuf, *streamWin, *connWin)
				if err = s.h.start(*addr, scheme, path, extra); err == nil {
					s.mu.Lock()
					err = s.begin()
					s.mu.Unlock()
				}
				if err == nil {
					err = s.h.run(s.message)
				}
			}
			s.mu.Lock()
			s.dead, s.err = true, err
			wasReady := s.ready
			s.mu.Unlock()
			deadMu.Lock()
			k := fmt.Sprint(err)
			if len(k) > 160 {
				k = k[:160]
			}
			deadErrs[k]++
			deadMu.Unlock()
			alive.Add(-1)
			if wasReady {
				cold.n.Add(-1)
			}
			cold.poke()
			if p := curPhase.Load(); p != nil {
				p.poke()
			}
		}(streams[i])
	}
	select {
	case <-cold.done:
	case <-time.After(*coldTO):
	}
	wall := time.Since(cold.t0)
	atDone := srv.read()
	busyDone, selfDone := proc.Busy(), selfCPU()
	srv.settle(*settleMin, 10*time.Second)
	after := srv.read()
	m := base("cold")
	foreign(m, busyDone-busy0, atDone.CPU()-before.CPU()+selfDone-cpu0, wall)
	cold.stats(m)
	m["wall_s"] = r3(wall.Seconds())
	m["connected"] = connected.Load()
	missE, missR, gave := 0, 0, 0
	for _, s := range streams {
		s.mu.Lock()
		if s.ready {
			if s.gaveUp[tEDS] || s.gaveUp[tRDS] {
				gave++
			}
		}
		missE += max(0, s.nwant[tEDS]-s.ngot[tEDS])
		missR += max(0, s.nwant[tRDS]-s.ngot[tRDS])
		s.mu.Unlock()
	}
	m["missing_eds"], m["missing_rds"], m["initial_fetch_timeouts"] = missE, missR, gave
	readCounts().since(c0, m)
	serverUse(m, pids, before, after, *n)
	m["server_cpu_s_at_done"] = r3(atDone.CPU() - before.CPU())
	m["swarm_cpu_s"] = r3(selfCPU() - cpu0)
	m["swarm_rss_mib"] = selfRSS()
	addErrs(m)
	emit(m)
	if *gcURL != "" {
		get(*gcURL)
		time.Sleep(200 * time.Millisecond)
		u := srv.read()
		m := base("memory-after-gc")
		m["server_rss_mib"] = r3(float64(u.RSSKiB) / 1024)
		m["server_rss_mib_before_clients"] = r3(float64(before.RSSKiB) / 1024)
		m["server_rss_kib_per_client"] = r3(float64(u.RSSKiB-before.RSSKiB) / float64(*n))
		emit(m)
	}

	// changes
	if len(mutURLs) == 0 && *mutCmd == "" && *expect == "" {
		*muts, *warm = 0, 0
	}
	if len(mutURLs) == 0 {
		mutURLs = multi{""}
	}
	var warming time.Time
	for x := 0; x < len(mutURLs)*(*warm+*muts); x++ {
		mutURL := &mutURLs[x/(*warm+*muts)]
		k := x%(*warm+*muts) - *warm
		if k == -*warm {
			warming = time.Now()
		}
		if k < 0 && time.Since(warming) > *warmTO {
			continue
		}
		p := newPhase(*n)
		p.typ = -1
		if *expect != "" {
			parseExpect(*expect, p)
		}
		srv.settle(0, 5*time.Second)
		before := srv.read()
		proc.ResetHWM(pids)
		busy0 := proc.Busy()
		c0, cpu0, out0 := readCounts(), selfCPU(), bytesOut()
		what := "external"
		var mutMS float64
		switch {
		case *mutURL != "":
			// The answer says what to wait for. Versions that outrun it are
			// noticed afterwards; for the other ways of matching, messages
			// wait on their streams' locks until the answer is there.
			what = "mutate"
			lock := *expect != "" || *lockStreams
			if lock {
				for _, s := range streams {
					s.mu.Lock()
				}
			}
			p.t0 = time.Now()
			body, err := post(*mutURL)
			mutMS = ms(int64(time.Since(p.t0)))
			if err == nil && *expect == "" {
				err = fromAnswer(body, p)
			}
			if err == nil {
				curPhase.Store(p)
			}
			for _, s := range streams {
				if !lock {
					s.mu.Lock()
				}
				if err == nil && p.by == "version" && s.ph != p && s.lastAt[p.typ].After(p.t0) && s.version[p.typ] == p.version {
					s.ph = p
					p.recordAt(s.idx, s.lastAt[p.typ])
				}
				s.mu.Unlock()
			}
			if err != nil {
				log.Fatalf("mutate: %v", err)
			}
			if p.by != "version" && !lock {
				log.Print("warning: the answer has no version: use -lock-streams, or fast answers may be missed")
			}
		case *mutCmd != "":
			what = "command"
			p.t0 = time.Now()
			curPhase.Store(p)
			c := exec.Command("/bin/sh", "-c", *mutCmd)
			c.Env = append(os.Environ(), "MUTATION="+strconv.Itoa(k))
			c.Stderr = os.Stderr
			if err := c.Run(); err != nil {
				log.Fatalf("mutate-cmd: %v", err)
			}
			mutMS = ms(int64(time.Since(p.t0)))
		default:
			p.t0 = time.Now()
			curPhase.Store(p)
		}
		timedOut := false
		select {
		case <-p.done:
		case <-time.After(*phaseTO):
			timedOut = true
		}
		atDone := srv.read()
		busyDone, selfDone, wall := proc.Busy(), selfCPU(), time.Since(p.t0)
		if what == "external" { // relative to the first stream that saw it
			f := p.first.Load()
			for i := range p.lat {
				if p.lat[i] > 0 {
					p.lat[i] = p.lat[i] - f + 1
				}
			}
		}
		srv.settle(*settleMin, 10*time.Second)
		curPhase.Store(nil)
		after := srv.read()
		if k < 0 {
			continue
		}
		m := base("change")
		m["change"], m["by"], m["match"], m["i"] = what, typeNameOr(p.typ), p.by, k
		p.stats(m)
		readCounts().since(c0, m)
		m["bytes_tx"] = bytesOut() - out0
		m["mutate_call_ms"] = mutMS
		foreign(m, busyDone-busy0, atDone.CPU()-before.CPU()+selfDone-cpu0, wall)
		serverUse(m, pids, before, after, *n)
		m["server_cpu_s_at_done"] = r3(atDone.CPU() - before.CPU())
		m["swarm_cpu_s"] = r3(selfCPU() - cpu0)
		if timedOut {
			m["timed_out"] = true
		}
		addErrs(m)
		emit(m)
	}
	if *hold > 0 {
		time.Sleep(*hold)
	}
	if cfg.validate {
		m := base("validation")
		m["distinct_resources"], m["invalid"] = nValidated.Load(), nInvalid.Load()
		m["invalid_examples"] = invalidErrs
		var u []string
		unknownAnys.Range(func(k, _ any) bool { u = append(u, k.(string)); return true })
		m["unknown_any_types"] = u
		emit(m)
	}
}

func typeNameOr(t int) string {
	if t >= 0 && t < nTypes {
		return typeNames[t]
	}
	return "?"
}

func addErrs(m map[string]any) {
	deadMu.Lock()
	defer deadMu.Unlock()
	if len(deadErrs) > 0 {
		c := map[string]int{}
		for k, v := range deadErrs {
			c[k] = v
		}
		m["dead_streams"] = c
	}
	invalidMu.Lock()
	if len(invalidErrs) > 0 {
		m["invalid"] = append([]string{}, invalidErrs...)
	}
	invalidMu.Unlock()
}

// foreign tells how much CPU others on this machine took while we measured, as
// a share of one core.
func foreign(m map[string]any, busy, ours float64, wall time.Duration) {
	m["foreign_cores"] = max(0, r3((busy-ours)/max(0.01, wall.Seconds())))
}

func serverUse(m map[string]any, pids []int, a, b proc.Usage, n int) {
	if len(pids) == 0 {
		return
	}
	m["server_cpu_s"] = r3(b.CPU() - a.CPU())
	m["server_wait_s"] = r3(b.WaitS - a.WaitS)
	m["server_user_s"], m["server_sys_s"] = r3(b.UserS-a.UserS), r3(b.SysS-a.SysS)
	m["server_rss_mib"], m["server_hwm_mib"] = r3(float64(b.RSSKiB)/1024), r3(float64(b.HWMKiB)/1024)
	m["server_rss_mib_before"] = r3(float64(a.RSSKiB) / 1024)
	if m["phase"] == "cold" {
		m["server_rss_kib_per_client"] = r3(float64(b.RSSKiB-a.RSSKiB) / float64(n))
	}
	m["server_threads"] = b.Threads
}

func selfRSS() float64 {
	u, _ := proc.Read([]int{os.Getpid()})
	return r3(float64(u.RSSKiB) / 1024)
}

func get(u string) {
	r, err := http.Get(u)
	if err != nil {
		log.Printf("%s: %v", u, err)
		return
	}
	io.Copy(io.Discard, r.Body)
	r.Body.Close()
}

func post(u string) ([]byte, error) {
	r, err := http.Post(u, "application/json", nil)
	if err != nil {
		return nil, err
	}
	defer r.Body.Close()
	b, err := io.ReadAll(r.Body)
	if err == nil && r.StatusCode/100 != 2 {
		err = fmt.Errorf("%s: %s", r.Status, b)
	}
	return b, err
}

// fromAnswer takes the expectation from the answer of the mutate endpoint:
// {"type_url":…, "version":…, "token":…, "names":[…]}; the first of version,
// token, names that is there decides.
func fromAnswer(b []byte, p *phase) error {
	var a struct {
		TypeURL string   `json:"type_url"`
		Version string   `json:"version"`
		Token   string   `json:"token"`
		Names   []string `json:"names"`
	}
	if err := json.Unmarshal(b, &a); err != nil {
		return fmt.Errorf("%w in %q", err, b)
	}
	p.typ = typeIndex([]byte(a.TypeURL))
	if p.typ < 0 {
		return fmt.Errorf("no type in %q", b)
	}
	switch {
	case a.Version != "":
		p.by, p.version = "version", a.Version
	case a.Token != "":
		p.by, p.token = "token", []byte(a.Token)
	case len(a.Names) > 0:
		p.by, p.names = "names", map[int32]bool{}
		for _, x := range a.Names {
			p.names[intern([]byte(x))] = true
		}
	default:
		p.by = "any"
	}
	return nil
}

func parseExpect(e string, p *phase) {
	t, rest, _ := strings.Cut(e, ":")
	p.typ = -1
	for i, x := range typeNames {
		if x == t {
			p.typ = i
		}
	}
	if p.typ < 0 {
		log.Fatalf("-expect %q", e)
	}
	k, v, _ := strings.Cut(rest, "=")
	switch k {
	case "":
		p.by = "any"
	case "version":
		p.by, p.version = k, v
	case "token":
		p.by, p.token = k, []byte(v)
	case "names":
		p.by, p.names = k, map[int32]bool{}
		for _, x := range strings.Split(v, ";") {
			p.names[intern([]byte(x))] = true
		}
	default:
		log.Fatalf("-expect %q", e)
	}
}

func makeNodes(n int, prefix, suffix, cluster, meta, template, file string) [][]byte {
	var out [][]byte
	enc := func(x *core.Node) []byte {
		b, err := proto.MarshalOptions{Deterministic: true}.Marshal(x)
		if err != nil {
			log.Fatal(err)
		}
		return b
	}
	if file != "" {
		b, err := os.ReadFile(file)
		if err != nil {
			log.Fatal(err)
		}
		var l []json.RawMessage
		if err := json.Unmarshal(b, &l); err != nil {
			log.Fatalf("%s: %v", file, err)
		}
		for i, j := range l {
			x := &core.Node{}
			if err := (protojson.UnmarshalOptions{DiscardUnknown: true}).Unmarshal(j, x); err != nil {
				log.Fatalf("%s: node %d: %v", file, i, err)
			}
			out = append(out, enc(x))
		}
		if len(out) == 0 {
			log.Fatalf("%s: no nodes", file)
		}
		return out
	}
	x := &core.Node{UserAgentName: "envoy", UserAgentVersionType: &core.Node_UserAgentVersion{UserAgentVersion: "1.40.0"}}
	if template != "" {
		b, err := os.ReadFile(template)
		if err != nil {
			log.Fatal(err)
		}
		if err := (protojson.UnmarshalOptions{DiscardUnknown: true}).Unmarshal(b, x); err != nil {
			log.Fatalf("%s: %v", template, err)
		}
	}
	x.Cluster = cluster
	if meta != "" {
		b := []byte(meta)
		if strings.HasPrefix(meta, "@") {
			var err error
			if b, err = os.ReadFile(meta[1:]); err != nil {
				log.Fatal(err)
			}
		}
		x.Metadata = &structpb.Struct{}
		if err := protojson.Unmarshal(b, x.Metadata); err != nil {
			log.Fatalf("-node-metadata: %v", err)
		}
	}
	for i := 0; i < n; i++ {
		x.Id = prefix + strconv.Itoa(i) + suffix
		out = append(out, enc(x))
	}
	return out
}
