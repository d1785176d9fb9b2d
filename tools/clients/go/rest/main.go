// Asks with the client that oapi-codegen makes of the document in OpenAPI 3.0.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"

	"kubewhatif/api"
)

func check(err error) {
	if err != nil {
		panic(err)
	}
}

func pointer[T any](value T) *T { return &value }

func main() {
	client, err := api.NewClientWithResponses(os.Getenv("SERVER"))
	check(err)
	var object api.KubernetesObject
	check(json.Unmarshal([]byte(os.Getenv("SNAPSHOT")), &object))
	snapshot := &api.Snapshot{Inline: &object}
	service := api.ServiceDestination{Namespace: "default", Name: "nginx-svc", Port: pointer(80)}
	question := &api.ProbabilityQuestion{Services: &[]api.ServiceDestination{service}}
	ctx := context.Background()

	answer, err := client.ProbabilityWithResponse(ctx, nil, api.ProbabilityRequest{Snapshot: *snapshot, Probability: question})
	check(err)
	if answer.JSON200 == nil {
		panic(answer.Status())
	}
	fractions := []string{}
	for _, endpoint := range answer.JSON200.Result.Services[0].Endpoints {
		fractions = append(fractions, endpoint.Share.Fraction)
	}

	scale := api.Change{Scale: &api.ScaleChange{Kind: "Deployment", Namespace: "default", Name: "nginx-deployment", Replicas: 4}}
	both, err := client.WhatIfWithResponse(ctx, nil, api.WhatIfRequest{
		Snapshot: *snapshot, Changes: &api.Changes{scale}, Probability: question,
	})
	check(err)
	if both.JSON200 == nil {
		panic(both.Status())
	}
	result, err := both.JSON200.Result.AsProbabilityWhatIf()
	check(err)

	refused, err := client.PathWithResponse(ctx, nil, api.PathRequest{
		Snapshot: *snapshot,
		Path:     api.PathQuestion{Source: api.Source{Pod: pointer("default/nobody")}, Destination: &api.Destination{Service: &service}},
	})
	check(err)
	code := ""
	if refused.ApplicationproblemJSON422 != nil {
		code = string(refused.ApplicationproblemJSON422.Code)
	}

	json, err := json.Marshal(map[string]any{
		"summary": answer.JSON200.Summary, "fractions": fractions, "changed": len(result.Difference.Services), "code": code,
	})
	check(err)
	fmt.Println(string(json))
}
