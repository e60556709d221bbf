// Asks a flag server as flagd's provider for Go does in RPC mode: by the client that is generated
// from flagd's schema, over Connect and HTTP/1.1. Prints the results as JSON.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"strings"
	"time"

	"buf.build/gen/go/open-feature/flagd/connectrpc/go/flagd/evaluation/v1/evaluationv1connect"
	evaluation "buf.build/gen/go/open-feature/flagd/protocolbuffers/go/flagd/evaluation/v1"
	"connectrpc.com/connect"
	"google.golang.org/protobuf/types/known/structpb"
)

type question struct {
	Key     string         `json:"key"`
	Type    string         `json:"type"`
	Context map[string]any `json:"context"`
}

type result struct {
	Value   any    `json:"value"`
	Variant string `json:"variant,omitempty"`
	Reason  string `json:"reason,omitempty"`
	Code    string `json:"code,omitempty"`
	Message string `json:"message,omitempty"`
}

type response[T any] interface {
	GetReason() string
	GetVariant() string
	GetValue() T
}

func main() {
	var asked struct {
		Port      int        `json:"port"`
		Selector  string     `json:"selector"`
		Questions []question `json:"questions"`
	}
	if err := json.Unmarshal([]byte(os.Args[1]), &asked); err != nil {
		panic(err)
	}
	url := fmt.Sprintf("http://127.0.0.1:%d", asked.Port)
	client := evaluationv1connect.NewServiceClient(&http.Client{}, url)
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()

	events, err := client.EventStream(ctx, connect.NewRequest(&evaluation.EventStreamRequest{}))
	if err != nil {
		panic(err)
	}
	if !events.Receive() {
		panic(events.Err())
	}
	results := []result{}
	for _, one := range asked.Questions {
		results = append(results, ask(ctx, client, one, asked.Selector))
	}
	printed := map[string]any{"event": events.Msg().Type, "results": results}
	if err := json.NewEncoder(os.Stdout).Encode(printed); err != nil {
		panic(err)
	}
}

func ask(ctx context.Context, client evaluationv1connect.ServiceClient, asked question, selector string) result {
	facts, err := structpb.NewStruct(asked.Context)
	if err != nil {
		panic(err)
	}
	switch asked.Type {
	case "boolean":
		request := connect.NewRequest(&evaluation.ResolveBooleanRequest{FlagKey: asked.Key, Context: facts})
		return read[bool](call(ctx, client.ResolveBoolean, request, selector))
	case "string":
		request := connect.NewRequest(&evaluation.ResolveStringRequest{FlagKey: asked.Key, Context: facts})
		return read[string](call(ctx, client.ResolveString, request, selector))
	case "float":
		request := connect.NewRequest(&evaluation.ResolveFloatRequest{FlagKey: asked.Key, Context: facts})
		return read[float64](call(ctx, client.ResolveFloat, request, selector))
	default:
		request := connect.NewRequest(&evaluation.ResolveObjectRequest{FlagKey: asked.Key, Context: facts})
		return read[*structpb.Struct](call(ctx, client.ResolveObject, request, selector))
	}
}

func call[Q, A any](
	ctx context.Context,
	method func(context.Context, *connect.Request[Q]) (*connect.Response[A], error),
	request *connect.Request[Q],
	selector string,
) (*A, error) {
	if selector != "" {
		request.Header().Set("Flagd-Selector", selector)
	}
	answer, err := method(ctx, request)
	if err != nil {
		return nil, err
	}
	return answer.Msg, nil
}

func read[T any, A any, P interface {
	*A
	response[T]
}](message P, err error) result {
	if err != nil {
		code := connect.CodeOf(err).String()
		return result{Code: code, Message: strings.TrimPrefix(err.Error(), code+": ")}
	}
	var value any = message.GetValue()
	if object, ok := value.(*structpb.Struct); ok {
		value = object.AsMap()
	}
	return result{Value: value, Variant: message.GetVariant(), Reason: message.GetReason()}
}
