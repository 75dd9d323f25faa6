// Command peer is a go-control-plane ADS server over a synthetic mesh, to be
// measured by swarm.
package main

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"flag"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	core "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	discovery "github.com/envoyproxy/go-control-plane/envoy/service/discovery/v3"
	"github.com/envoyproxy/go-control-plane/pkg/cache/types"
	"github.com/envoyproxy/go-control-plane/pkg/cache/v3"
	"github.com/envoyproxy/go-control-plane/pkg/server/config"
	"github.com/envoyproxy/go-control-plane/pkg/server/sotw/v3"
	"github.com/envoyproxy/go-control-plane/pkg/server/v3"
	"google.golang.org/grpc"
	"google.golang.org/grpc/keepalive"

	"heddle.dev/test/bench/internal/mesh"
	"heddle.dev/test/bench/internal/proc"
)

type quiet struct{}

func (quiet) Debugf(string, ...interface{})     {}
func (quiet) Infof(string, ...interface{})      {}
func (quiet) Warnf(f string, a ...interface{})  { log.Printf("WARN "+f, a...) }
func (quiet) Errorf(f string, a ...interface{}) { log.Printf("ERROR "+f, a...) }

// group hashes every node to one key.
type group struct{}

func (group) ID(*core.Node) string { return "all" }

type backend interface {
	apply(typ string, changed []int) // pushes the mesh's present state
	cache() cache.Cache
}

// snap keeps one snapshot per node (or one for all with -cache group).
type snap struct {
	m     *mesh.Mesh
	c     cache.SnapshotCache
	keys  []string
	deep  bool // build every node's resources anew instead of sharing them
	vers  map[string]uint64
	items map[string]map[string]types.Resource
}

func newSnap(m *mesh.Mesh, mode, prefix string, n int, deep bool) *snap {
	s := &snap{m: m, deep: deep, vers: map[string]uint64{}, items: map[string]map[string]types.Resource{}}
	if mode == "group" {
		s.c = cache.NewSnapshotCache(true, group{}, quiet{})
		s.keys = []string{"all"}
	} else {
		s.c = cache.NewSnapshotCache(true, cache.IDHash{}, quiet{})
		for i := 0; i < n; i++ {
			s.keys = append(s.keys, prefix+strconv.Itoa(i))
		}
	}
	return s
}

func (s *snap) cache() cache.Cache { return s.c }

func buildAll(m *mesh.Mesh) map[string]map[string]types.Resource {
	r := map[string]map[string]types.Resource{
		mesh.TypeCDS: {}, mesh.TypeEDS: {},
		mesh.TypeLDS: {mesh.ListenerName: m.Listener()},
		mesh.TypeRDS: {mesh.RouteName: m.Route()},
	}
	for i := 0; i < m.Services; i++ {
		r[mesh.TypeCDS][mesh.ClusterName(i)] = m.Cluster(i)
		r[mesh.TypeEDS][mesh.ClusterName(i)] = m.CLA(i)
	}
	return r
}

func (s *snap) build(items map[string]map[string]types.Resource) *cache.Snapshot {
	out := &cache.Snapshot{}
	for t, rs := range items {
		l := make([]types.Resource, 0, len(rs))
		for _, r := range rs {
			l = append(l, r)
		}
		out.Resources[cache.GetResponseType(t)] = cache.NewResources(strconv.FormatUint(s.vers[t], 10), l)
	}
	return out
}

func (s *snap) apply(typ string, changed []int) {
	if typ == "" {
		s.items = buildAll(s.m)
		for t := range s.items {
			s.vers[t] = 1
		}
	} else {
		s.vers[typ] = gen.Load()
		switch typ {
		case mesh.TypeEDS:
			for _, i := range changed {
				s.items[typ][mesh.ClusterName(i)] = s.m.CLA(i)
			}
		case mesh.TypeRDS:
			s.items[typ][mesh.RouteName] = s.m.Route()
		}
	}
	shared := s.build(s.items)
	for _, k := range s.keys {
		sn := shared
		if s.deep {
			sn = s.build(buildAll(s.m))
		}
		if err := s.c.SetSnapshot(context.Background(), k, sn); err != nil {
			log.Printf("SetSnapshot %s: %v", k, err)
		}
	}
}

// linear keeps one LinearCache per type, shared by all nodes.
type linear struct {
	m   *mesh.Mesh
	per map[string]*cache.LinearCache
	mux *cache.MuxCache
}

func newLinear(m *mesh.Mesh) *linear {
	l := &linear{m: m, per: map[string]*cache.LinearCache{}, mux: &cache.MuxCache{Caches: map[string]cache.Cache{}}}
	l.mux.Classify = func(r *cache.Request) string { return r.GetTypeUrl() }
	l.mux.ClassifyDelta = func(r *cache.DeltaRequest) string { return r.GetTypeUrl() }
	for t, rs := range buildAll(m) {
		c := cache.NewLinearCache(t, cache.WithInitialResources(rs), cache.WithLogger(quiet{}))
		l.per[t] = c
		l.mux.Caches[t] = c
	}
	return l
}

func (l *linear) cache() cache.Cache { return l.mux }

func (l *linear) apply(typ string, changed []int) {
	switch typ {
	case mesh.TypeEDS:
		up := map[string]types.Resource{}
		for _, i := range changed {
			up[mesh.ClusterName(i)] = l.m.CLA(i)
		}
		if err := l.per[typ].UpdateResources(up, nil); err != nil {
			log.Print(err)
		}
	case mesh.TypeRDS:
		if err := l.per[typ].UpdateResources(map[string]types.Resource{mesh.RouteName: l.m.Route()}, nil); err != nil {
			log.Print(err)
		}
	}
}

var gen atomic.Uint64

func dump(m *mesh.Mesh, path string) error {
	// record: u32 len(type) type u32 len(name) name u32 len(value) value
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer f.Close()
	rec := func(parts ...[]byte) {
		for _, p := range parts {
			var l [4]byte
			binary.LittleEndian.PutUint32(l[:], uint32(len(p)))
			f.Write(l[:])
			f.Write(p)
		}
	}
	for i := 0; i < m.Services; i++ {
		rec([]byte(mesh.TypeCDS), []byte(mesh.ClusterName(i)), mesh.Marshal(m.Cluster(i)))
	}
	for i := 0; i < m.Services; i++ {
		rec([]byte(mesh.TypeEDS), []byte(mesh.ClusterName(i)), mesh.Marshal(m.CLA(i)))
	}
	rec([]byte(mesh.TypeLDS), []byte(mesh.ListenerName), mesh.Marshal(m.Listener()))
	rec([]byte(mesh.TypeRDS), []byte(mesh.RouteName), mesh.Marshal(m.Route()))
	return nil
}

func main() {
	addr := flag.String("addr", "127.0.0.1:18010", "ADS listen address")
	ctl := flag.String("ctl", "127.0.0.1:18011", "control HTTP listen address")
	mode := flag.String("mode", "both", "sotw|delta|both: which ADS method to serve")
	kind := flag.String("cache", "snapshot", "snapshot (one per node, resources shared) | deep (one per node, nothing shared) | group (one snapshot for all nodes) | linear (one LinearCache per type)")
	n := flag.Int("n", 1000, "nodes")
	prefix := flag.String("node-prefix", "node-", "node id prefix")
	S := flag.Int("services", 100, "services")
	E := flag.Int("endpoints", 10, "endpoints per service")
	ordered := flag.Bool("ordered", true, "ordered ADS in SotW")
	sharedBuf := flag.Bool("shared-write-buffer", false, "grpc.SharedWriteBuffer")
	dumpTo := flag.String("dump", "", "write the encoded resources to this file and exit")
	sizes := flag.Bool("sizes", false, "print resource sizes and exit")
	flag.Parse()

	m := mesh.New(*S, *E)
	if *dumpTo != "" {
		if err := dump(m, *dumpTo); err != nil {
			log.Fatal(err)
		}
		return
	}
	if *sizes {
		c, e := 0, 0
		for i := 0; i < *S; i++ {
			c += len(mesh.Marshal(m.Cluster(i)))
			e += len(mesh.Marshal(m.CLA(i)))
		}
		fmt.Printf("S=%d E=%d clusters=%d B CLAs=%d B listener=%d B route=%d B\n", *S, *E, c, e, len(mesh.Marshal(m.Listener())), len(mesh.Marshal(m.Route())))
		return
	}
	gen.Store(1)
	var b backend
	switch *kind {
	case "linear":
		b = newLinear(m)
	case "snapshot", "group", "deep":
		s := newSnap(m, *kind, *prefix, *n, *kind == "deep")
		s.apply("", nil)
		b = s
	default:
		log.Fatalf("unknown -cache %q", *kind)
	}

	var streams, reqs, resps atomic.Int64
	cb := server.CallbackFuncs{
		StreamOpenFunc:          func(context.Context, int64, string) error { streams.Add(1); return nil },
		StreamClosedFunc:        func(int64, *core.Node) { streams.Add(-1) },
		DeltaStreamOpenFunc:     func(context.Context, int64, string) error { streams.Add(1); return nil },
		DeltaStreamClosedFunc:   func(int64, *core.Node) { streams.Add(-1) },
		StreamRequestFunc:       func(int64, *discovery.DiscoveryRequest) error { reqs.Add(1); return nil },
		StreamDeltaRequestFunc:  func(int64, *discovery.DeltaDiscoveryRequest) error { reqs.Add(1); return nil },
		StreamResponseFunc:      func(context.Context, int64, *discovery.DiscoveryRequest, *discovery.DiscoveryResponse) { resps.Add(1) },
		StreamDeltaResponseFunc: func(int64, *discovery.DeltaDiscoveryRequest, *discovery.DeltaDiscoveryResponse) { resps.Add(1) },
	}
	var opts []config.XDSOption
	if *ordered {
		opts = append(opts, sotw.WithOrderedADS())
	}
	srv := server.NewServer(context.Background(), b.cache(), cb, opts...)
	gs := grpc.NewServer(
		grpc.MaxConcurrentStreams(1<<20),
		grpc.SharedWriteBuffer(*sharedBuf),
		grpc.KeepaliveParams(keepalive.ServerParameters{Time: 5 * time.Minute, Timeout: 5 * time.Minute}),
		grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{MinTime: 10 * time.Second, PermitWithoutStream: true}),
	)
	discovery.RegisterAggregatedDiscoveryServiceServer(gs, only{srv, *mode})
	lis, err := net.Listen("tcp", *addr)
	if err != nil {
		log.Fatal(err)
	}

	var mu sync.Mutex
	work := make(chan func(), 1024)
	go func() {
		for f := range work {
			f()
		}
	}()
	var lastApply atomic.Int64
	mux := http.NewServeMux()
	mux.HandleFunc("POST /mutate", func(w http.ResponseWriter, r *http.Request) {
		count := 1
		if c := r.FormValue("count"); c != "" {
			count, _ = strconv.Atoi(c)
		}
		k := r.FormValue("kind")
		var typ string
		switch k {
		case "endpoint", "":
			typ = mesh.TypeEDS
		case "route":
			typ = mesh.TypeRDS
		default:
			http.Error(w, "kind?", 400)
			return
		}
		mu.Lock()
		g := gen.Add(1)
		var idx []int
		if typ == mesh.TypeEDS {
			idx = m.MutateEndpoints(count, uint32(g))
		} else {
			idx = m.MutateRoute(count)
		}
		res := map[string]any{"type_url": typ, "count": len(idx)}
		if *kind != "linear" {
			res["version"] = strconv.FormatUint(g, 10)
		}
		names := []string{}
		for _, i := range idx {
			if typ == mesh.TypeEDS {
				names = append(names, mesh.ClusterName(i))
			}
		}
		if typ == mesh.TypeRDS {
			names = []string{mesh.RouteName}
		} else {
			res["token"] = m.Address(idx[len(idx)-1], 0)
		}
		res["names"] = names
		done := make(chan struct{})
		work <- func() {
			t := time.Now()
			b.apply(typ, idx)
			lastApply.Store(int64(time.Since(t)))
			close(done)
		}
		mu.Unlock()
		if r.FormValue("wait") != "" {
			<-done
		}
		w.Header().Set("content-type", "application/json")
		json.NewEncoder(w).Encode(res)
	})
	mux.HandleFunc("GET /stats", func(w http.ResponseWriter, r *http.Request) {
		if r.FormValue("gc") != "" {
			for range 3 { // sync.Pools let go at the second collection
				debug.FreeOSMemory()
			}
		}
		var ru syscall.Rusage
		syscall.Getrusage(syscall.RUSAGE_SELF, &ru)
		u, _ := proc.Read([]int{os.Getpid()})
		var ms runtime.MemStats
		runtime.ReadMemStats(&ms)
		json.NewEncoder(w).Encode(map[string]any{
			"pid": os.Getpid(), "streams": streams.Load(), "requests": reqs.Load(), "responses": resps.Load(),
			"user_s": float64(ru.Utime.Sec) + float64(ru.Utime.Usec)/1e6, "sys_s": float64(ru.Stime.Sec) + float64(ru.Stime.Usec)/1e6,
			"rss_kib": u.RSSKiB, "hwm_kib": u.HWMKiB, "heap_alloc": ms.HeapAlloc, "heap_sys": ms.HeapSys, "stack_sys": ms.StackSys,
			"gc_cycles": ms.NumGC, "goroutines": runtime.NumGoroutine(), "gomaxprocs": runtime.GOMAXPROCS(0),
			"last_apply_ms": float64(lastApply.Load()) / 1e6,
		})
	})
	go func() { log.Fatal(http.ListenAndServe(*ctl, mux)) }()
	log.Fatal(gs.Serve(lis))
}

// only serves one of the two ADS methods when asked to.
type only struct {
	server.Server
	mode string
}

func (o only) StreamAggregatedResources(s discovery.AggregatedDiscoveryService_StreamAggregatedResourcesServer) error {
	if o.mode == "delta" {
		return fmt.Errorf("sotw is off")
	}
	return o.Server.StreamAggregatedResources(s)
}

func (o only) DeltaAggregatedResources(s discovery.AggregatedDiscoveryService_DeltaAggregatedResourcesServer) error {
	if o.mode == "sotw" {
		return fmt.Errorf("delta is off")
	}
	return o.Server.DeltaAggregatedResources(s)
}
