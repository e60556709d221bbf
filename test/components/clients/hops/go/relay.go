// Command hops is a service in Go as teams write it: OpenTelemetry's own baggage propagator, net/http and gRPC.
// It prints its HTTP address and its gRPC port. GET /?to=URL and any unary gRPC call are relayed with the baggage that came.
// With the arguments BROKERS FROM TO it also relays messages between topics of Kafka.
// With the argument "marks" it signs and verifies marks instead.
package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"

	"go.opentelemetry.io/otel/propagation"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
)

var propagator = propagation.Baggage{}

// metadataCarrier lets the propagator read and write gRPC metadata, as OpenTelemetry's instrumentation of gRPC does.
type metadataCarrier metadata.MD

func (c metadataCarrier) Get(key string) string {
	if values := metadata.MD(c).Get(key); len(values) > 0 {
		return values[0]
	}
	return ""
}
func (c metadataCarrier) Set(key, value string) { metadata.MD(c).Set(key, value) }
func (c metadataCarrier) Keys() []string {
	keys := []string{}
	for key := range c {
		keys = append(keys, key)
	}
	return keys
}

func relayHTTP(w http.ResponseWriter, r *http.Request) {
	ctx := propagator.Extract(r.Context(), propagation.HeaderCarrier(r.Header))
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, r.URL.Query().Get("to"), nil)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	propagator.Inject(ctx, propagation.HeaderCarrier(request.Header))
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	defer response.Body.Close()
	_, _ = io.Copy(w, response.Body)
}

// raw passes messages on as bytes, so that the relay needs no generated code.
type raw struct{}

func (raw) Marshal(v any) ([]byte, error)      { return *v.(*[]byte), nil }
func (raw) Unmarshal(data []byte, v any) error { *v.(*[]byte) = append([]byte{}, data...); return nil }
func (raw) Name() string                       { return "proto" }

func relayGRPC(_ any, stream grpc.ServerStream) error {
	method, _ := grpc.MethodFromServerStream(stream)
	incoming, _ := metadata.FromIncomingContext(stream.Context())
	ctx := propagator.Extract(context.Background(), metadataCarrier(incoming))
	outgoing := metadata.MD{}
	propagator.Inject(ctx, metadataCarrier(outgoing))
	var message, reply []byte
	if err := stream.RecvMsg(&message); err != nil {
		return err
	}
	target := metadataCarrier(incoming).Get("x-relay-to")
	connection, err := grpc.NewClient(target, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return err
	}
	defer connection.Close()
	ctx = metadata.NewOutgoingContext(stream.Context(), outgoing)
	if err := connection.Invoke(ctx, method, &message, &reply, grpc.ForceCodec(raw{})); err != nil {
		return err
	}
	return stream.SendMsg(&reply)
}

func listen() net.Listener {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	return listener
}

func main() {
	if len(os.Args) > 1 && os.Args[1] == "marks" {
		marks(os.Stdin, os.Stdout)
		return
	}
	if len(os.Args) == 4 {
		go relayMessages(os.Args[1], os.Args[2], os.Args[3])
	}
	forHTTP, forGRPC := listen(), listen()
	server := grpc.NewServer(grpc.ForceServerCodec(raw{}), grpc.UnknownServiceHandler(relayGRPC))
	go func() { panic(server.Serve(forGRPC)) }()
	go func() {
		// The parent holds our standard input open for as long as it lives.
		_, _ = io.Copy(io.Discard, os.Stdin)
		os.Exit(0)
	}()
	fmt.Printf("http://%s %d\n", forHTTP.Addr(), forGRPC.Addr().(*net.TCPAddr).Port)
	panic(http.Serve(forHTTP, http.HandlerFunc(relayHTTP)))
}
