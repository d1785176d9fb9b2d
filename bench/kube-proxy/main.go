// Times what kube-proxy itself takes to work out the rules of a node for a snapshot, in one of its modes. Nothing reaches the
// kernel: what would be handed over is counted and dropped.
//
//	kube-proxy-bench SNAPSHOT.json NODE MODE RUNS
//
// prints one line of JSON: milliseconds of the first full sync and of each of the following ones, and how many bytes the last one
// would have handed to iptables-restore or nft (0 in mode ipvs, which makes calls instead).
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"net"
	"os"
	"reflect"
	"strconv"
	"time"
	"unsafe"

	v1 "k8s.io/api/core/v1"
	discovery "k8s.io/api/discovery/v1"
	"k8s.io/client-go/tools/events"
	"k8s.io/klog/v2"
	"k8s.io/kubernetes/pkg/proxy"
	iptablesproxy "k8s.io/kubernetes/pkg/proxy/iptables"
	ipvsproxy "k8s.io/kubernetes/pkg/proxy/ipvs"
	ipsettest "k8s.io/kubernetes/pkg/proxy/ipvs/ipset/testing"
	netlinktest "k8s.io/kubernetes/pkg/proxy/ipvs/testing"
	ipvstest "k8s.io/kubernetes/pkg/proxy/ipvs/util/testing"
	nftablesproxy "k8s.io/kubernetes/pkg/proxy/nftables"
	proxyutil "k8s.io/kubernetes/pkg/proxy/util"
	"k8s.io/kubernetes/pkg/util/iptables"
	"sigs.k8s.io/knftables"
)

// counter stands in for the tools that write rules.
type counter struct {
	bytes  int
	forced chan func()
}

// restorer takes what iptables-restore would get.
type restorer struct{ *counter }

func (restorer) EnsureChain(iptables.Table, iptables.Chain) (bool, error) { return true, nil }
func (restorer) FlushChain(iptables.Table, iptables.Chain) error          { return nil }
func (restorer) DeleteChain(iptables.Table, iptables.Chain) error         { return nil }
func (restorer) ChainExists(iptables.Table, iptables.Chain) (bool, error) { return true, nil }
func (restorer) DeleteRule(iptables.Table, iptables.Chain, ...string) error {
	return nil
}
func (restorer) EnsureRule(iptables.RulePosition, iptables.Table, iptables.Chain, ...string) (bool, error) {
	return true, nil
}
func (restorer) IsIPv6() bool                                 { return false }
func (restorer) Protocol() iptables.Protocol                  { return iptables.ProtocolIPv4 }
func (restorer) SaveInto(iptables.Table, *bytes.Buffer) error { return nil }
func (restorer) HasRandomFully() bool                         { return true }
func (restorer) Present() error                               { return nil }
func (r restorer) Restore(_ iptables.Table, data []byte, _ iptables.FlushFlag, _ iptables.RestoreCountersFlag) error {
	r.counter.bytes = len(data)
	return nil
}
func (r restorer) RestoreAll(data []byte, _ iptables.FlushFlag, _ iptables.RestoreCountersFlag) error {
	r.counter.bytes = len(data)
	return nil
}
func (r restorer) Monitor(_ iptables.Chain, _ []iptables.Table, force func(), _ time.Duration, _ <-chan struct{}) {
	r.forced <- force
}

// transactions takes what nft would get; what it is asked about an empty table it answers itself.
type transactions struct {
	knftables.Interface
	*counter
}

func (t transactions) Run(_ context.Context, tx *knftables.Transaction) error {
	t.counter.bytes = len(tx.String())
	return nil
}
func (transactions) Check(context.Context, *knftables.Transaction) error { return nil }
func (transactions) ListAll(context.Context) (map[string][]string, error) {
	return map[string][]string{}, nil
}
func (transactions) List(context.Context, string) ([]string, error) { return nil, nil }
func (transactions) ListElements(context.Context, string, string) ([]*knftables.Element, error) {
	return nil, nil
}

type sysctls struct{}

func (sysctls) GetSysctl(string) (int, error) { return 0, nil }
func (sysctls) SetSysctl(string, int) error   { return nil }

// field is one that a proxier keeps to itself.
func field(proxier any, name string) reflect.Value {
	place := reflect.ValueOf(proxier).Elem().FieldByName(name)
	return reflect.NewAt(place.Type(), unsafe.Pointer(place.UnsafeAddr())).Elem()
}

func fail(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// snapshot is the part of a List that kube-proxy watches.
type snapshot struct {
	services []*v1.Service
	slices   []*discovery.EndpointSlice
}

func read(path string) (found snapshot) {
	text, err := os.ReadFile(path)
	fail(err)
	var list struct{ Items []json.RawMessage }
	fail(json.Unmarshal(text, &list))
	for _, item := range list.Items {
		var meta struct{ Kind string }
		fail(json.Unmarshal(item, &meta))
		switch meta.Kind {
		case "Service":
			found.services = append(found.services, new(v1.Service))
			fail(json.Unmarshal(item, found.services[len(found.services)-1]))
		case "EndpointSlice":
			found.slices = append(found.slices, new(discovery.EndpointSlice))
			fail(json.Unmarshal(item, found.slices[len(found.slices)-1]))
		}
	}
	return found
}

// started is a proxier and how a full sync of it is forced, to be waited for.
type started struct {
	proxy.Provider
	again func()
}

func start(mode, node string, count *counter) started {
	ctx, local, address := context.Background(), proxyutil.NewNoOpLocalDetector(), net.ParseIP("10.0.0.1")
	recorder := events.NewFakeRecorder(1_000_000)
	switch mode {
	case "iptables":
		proxier, err := iptablesproxy.NewProxier(ctx, v1.IPv4Protocol, restorer{count}, sysctls{}, time.Hour, time.Hour, false, true, 14,
			local, node, address, recorder, nil, nil, false)
		fail(err)
		return started{proxier, <-count.forced}
	case "nftables":
		proxier, err := nftablesproxy.NewProxier(ctx, v1.IPv4Protocol, time.Hour, time.Hour, false, 14,
			local, node, address, recorder, nil, nil, false)
		fail(err)
		// Transactions are begun by the interface to the real nft, which is asked nothing else.
		nft := field(proxier, "nftables")
		nft.Set(reflect.ValueOf(transactions{nft.Interface().(knftables.Interface), count}))
		return started{proxier, func() {
			field(proxier, "needFullSync").SetBool(true)
			proxier.OnServiceSynced()
		}}
	case "ipvs":
		sets, servers := ipsettest.NewFake("v7.0"), ipvstest.NewFake()
		proxier, err := ipvsproxy.NewProxier(ctx, v1.IPv4Protocol, restorer{count}, servers, sets, sysctls{}, time.Hour, time.Hour, nil, false,
			0, 0, 0, false, 14, local, node, address, recorder, nil, "rr", nil, false)
		fail(err)
		field(proxier, "netlinkHandle").Set(reflect.ValueOf(netlinktest.NewFakeNetlinkHandle(false)))
		return started{proxier, func() { proxier.OnServiceSynced() }}
	}
	fail(errors.New("the mode is iptables, nftables or ipvs"))
	return started{}
}

func main() {
	klog.InitFlags(nil)
	fail(flag.Set("logtostderr", "false"))
	fail(flag.Set("stderrthreshold", "FATAL"))
	klog.SetOutput(bytes.NewBuffer(nil))
	if len(os.Args) != 5 {
		fail(errors.New("usage: kube-proxy-bench SNAPSHOT.json NODE MODE RUNS"))
	}
	runs, err := strconv.Atoi(os.Args[4])
	fail(err)
	found := read(os.Args[1])
	count := &counter{forced: make(chan func(), 1)}
	proxier := start(os.Args[3], os.Args[2], count)
	for _, service := range found.services {
		proxier.OnServiceAdd(service)
	}
	for _, slice := range found.slices {
		proxier.OnEndpointSliceAdd(slice)
	}
	proxier.OnServiceSynced()
	timed := func(work func()) float64 {
		begin := time.Now()
		work()
		return float64(time.Since(begin).Microseconds()) / 1000
	}
	first := timed(proxier.OnEndpointSlicesSynced)
	again := []float64{}
	for range runs {
		again = append(again, timed(proxier.again))
	}
	fail(json.NewEncoder(os.Stdout).Encode(map[string]any{"first": first, "again": again, "bytes": count.bytes}))
}
