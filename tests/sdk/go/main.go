// Evaluates through the OpenFeature SDK for Go.
//
//	answer URL [HEADER VALUE]
//
// Each line of standard input asks, each line of standard output answers; see
// languages.test.mjs.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"log"
	"os"

	"github.com/open-feature/go-sdk-contrib/providers/ofrep"
	"github.com/open-feature/go-sdk/openfeature"
)

type ask struct {
	Type    string          `json:"type"`
	Key     string          `json:"key"`
	Default json.RawMessage `json:"default"`
	Context map[string]any  `json:"context"`
}

type answer struct {
	Value    any    `json:"value"`
	Variant  string `json:"variant"`
	Reason   string `json:"reason"`
	Error    string `json:"error"`
	Message  string `json:"message"`
	Metadata any    `json:"metadata"`
}

func made[T any](details openfeature.GenericEvaluationDetails[T], _ error) answer {
	return answer{
		Value:    details.Value,
		Variant:  details.Variant,
		Reason:   string(details.Reason),
		Error:    string(details.ErrorCode),
		Message:  details.ErrorMessage,
		Metadata: details.FlagMetadata,
	}
}

func fallback[T any](raw json.RawMessage) T {
	var value T

	if err := json.Unmarshal(raw, &value); err != nil {
		log.Fatal(err)
	}
	return value
}

func contextOf(attributes map[string]any) openfeature.EvaluationContext {
	key, _ := attributes["targetingKey"].(string)

	delete(attributes, "targetingKey")
	return openfeature.NewEvaluationContext(key, attributes)
}

func evaluate(client *openfeature.Client, a ask) answer {
	ctx := context.Background()
	who := contextOf(a.Context)

	switch a.Type {
	case "boolean":
		return made(client.BooleanValueDetails(ctx, a.Key, fallback[bool](a.Default), who))
	case "string":
		return made(client.StringValueDetails(ctx, a.Key, fallback[string](a.Default), who))
	case "integer":
		return made(client.IntValueDetails(ctx, a.Key, fallback[int64](a.Default), who))
	case "float":
		return made(client.FloatValueDetails(ctx, a.Key, fallback[float64](a.Default), who))
	}
	return made(client.ObjectValueDetails(ctx, a.Key, fallback[any](a.Default), who))
}

func main() {
	var options []ofrep.Option

	if len(os.Args) > 3 {
		options = append(options, ofrep.WithHeader(os.Args[2], os.Args[3]))
	}
	if err := openfeature.SetProviderAndWait(ofrep.NewProvider(os.Args[1], options...)); err != nil {
		log.Fatal(err)
	}
	client := openfeature.NewClient("sdk")
	lines := bufio.NewScanner(os.Stdin)
	out := json.NewEncoder(os.Stdout)
	for lines.Scan() {
		var a ask

		if err := json.Unmarshal(lines.Bytes(), &a); err != nil {
			log.Fatal(err)
		}
		if err := out.Encode(evaluate(client, a)); err != nil {
			log.Fatal(err)
		}
	}
}
