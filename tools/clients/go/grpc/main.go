// Asks with the code that protoc-gen-go and protoc-gen-go-grpc make of proto/.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	pb "kubewhatif/proto/kube_whatif/v1"
)

func check(err error) {
	if err != nil {
		panic(err)
	}
}

func main() {
	connection, err := grpc.NewClient(os.Getenv("GRPC_SERVER"), grpc.WithTransportCredentials(insecure.NewCredentials()))
	check(err)
	client := pb.NewKubeWhatifClient(connection)
	snapshot := &pb.Snapshot{Snapshot: &pb.Snapshot_Inline{Inline: []byte(os.Getenv("SNAPSHOT"))}}
	service := &pb.ServiceDestination{Namespace: proto.String("default"), Name: proto.String("nginx-svc"), Port: proto.Int32(80)}
	question := &pb.ProbabilityQuestion{Services: []*pb.ServiceDestination{service}}
	ctx := context.Background()

	answer, err := client.Probability(ctx, &pb.ProbabilityRequest{Snapshot: snapshot, Probability: question})
	check(err)
	fractions := []string{}
	for _, endpoint := range answer.Result.Services[0].Endpoints {
		fractions = append(fractions, endpoint.Share.Fraction)
	}

	stream, err := client.WhatIf(ctx, &pb.WhatIfRequest{
		Snapshot: snapshot,
		Changes: []*pb.Change{{Change: &pb.Change_Scale{Scale: &pb.ScaleChange{
			Kind: proto.String("Deployment"), Namespace: proto.String("default"), Name: proto.String("nginx-deployment"), Replicas: proto.Int32(4),
		}}}},
		Question: &pb.WhatIfRequest_Probability{Probability: question},
	})
	check(err)
	whole := &pb.WhatIfResponse{}
	for {
		part, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			break
		}
		check(err)
		proto.Merge(whole, part)
	}

	_, err = client.Path(ctx, &pb.PathRequest{Snapshot: snapshot, Path: &pb.PathQuestion{
		Source: &pb.Source{Source: &pb.Source_Pod{Pod: "default/nobody"}}, Destination: &pb.Destination{Destination: &pb.Destination_Service{Service: service}},
	}})
	code := ""
	for _, detail := range status.Convert(err).Details() {
		if info, ok := detail.(*errdetails.ErrorInfo); ok {
			code = info.Reason
		}
	}

	json, err := json.Marshal(map[string]any{
		"summary": answer.Summary, "fractions": fractions, "changed": len(whole.Result.GetProbability().Difference.Services), "code": code,
	})
	check(err)
	fmt.Println(string(json))
}
