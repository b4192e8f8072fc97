// Drives the published Go client of the Stacks API from standard input.
//
// Each input line is one call as JSON, each output line its outcome:
//
//	{"call": "reserve", "stack": "k8s", "jobs": ["…"]}
//	{"answer": {"reserved": ["…"], "not_reserved": []}, "limit": "batch-reserve"}
//
// A refused call has "status" and "message" instead of "answer". Calls are tried once unless
// they say "retry": true.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"

	"github.com/buildkite/stacksapi"
)

type call struct {
	Call          string                        `json:"call"`
	Retry         bool                          `json:"retry"`
	Stack         string                        `json:"stack"`
	Queue         string                        `json:"queue"`
	Metadata      map[string]string             `json:"metadata"`
	Cursor        string                        `json:"cursor"`
	Limit         int                           `json:"limit"`
	Expiry        int                           `json:"expiry"`
	Job           string                        `json:"job"`
	Jobs          []string                      `json:"jobs"`
	ExitStatus    int                           `json:"exit_status"`
	Detail        string                        `json:"detail"`
	Notifications []stacksapi.StackNotification `json:"notifications"`
}

type outcome struct {
	Answer  any    `json:"answer,omitempty"`
	Limit   string `json:"limit,omitempty"`
	Status  int    `json:"status,omitempty"`
	Message string `json:"message,omitempty"`
}

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: stacksapi-client BASE_URL TOKEN")
		os.Exit(2)
	}
	if err := run(os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(base, token string) error {
	baseURL, err := url.Parse(base)
	if err != nil {
		return err
	}
	client, err := stacksapi.NewClient(token,
		stacksapi.WithBaseURL(baseURL),
		stacksapi.PrependToUserAgent("testbed"))
	if err != nil {
		return err
	}
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 16*1024*1024)
	output := json.NewEncoder(os.Stdout)
	for lines.Scan() {
		var next call
		if err := json.Unmarshal(lines.Bytes(), &next); err != nil {
			return err
		}
		if err := output.Encode(next.outcome(client)); err != nil {
			return err
		}
	}
	return lines.Err()
}

func (c *call) outcome(client *stacksapi.Client) outcome {
	answer, header, err := c.send(client)
	var refused *stacksapi.ErrorResponse
	switch {
	case errors.As(err, &refused):
		return outcome{Status: refused.Response.StatusCode, Message: refused.Message}
	case err != nil:
		return outcome{Message: err.Error()}
	default:
		return outcome{Answer: answer, Limit: header.Get("RateLimit-Scope")}
	}
}

func (c *call) send(client *stacksapi.Client) (any, http.Header, error) {
	ctx := context.Background()
	var options []stacksapi.RequestOption
	if !c.Retry {
		options = append(options, stacksapi.WithNoRetry())
	}
	switch c.Call {
	case "register":
		return result(client.RegisterStack(ctx, stacksapi.RegisterStackRequest{
			Key: c.Stack, Type: stacksapi.StackTypeCustom, QueueKey: c.Queue, Metadata: c.Metadata,
		}, options...))
	case "deregister":
		header, err := client.DeregisterStack(ctx, c.Stack, options...)
		return struct{}{}, header, err
	case "list":
		return result(client.ListScheduledJobs(ctx, stacksapi.ListScheduledJobsRequest{
			StackKey: c.Stack, ClusterQueueKey: c.Queue, PageSize: c.Limit, StartCursor: c.Cursor,
		}, options...))
	case "reserve":
		return result(client.BatchReserveJobs(ctx, stacksapi.BatchReserveJobsRequest{
			StackKey: c.Stack, JobUUIDs: c.Jobs, ReservationExpirySeconds: c.Expiry,
		}, options...))
	case "get":
		return result(client.GetJob(ctx, stacksapi.GetJobRequest{
			StackKey: c.Stack, JobUUID: c.Job,
		}, options...))
	case "states":
		return result(client.GetJobStates(ctx, stacksapi.GetJobStatesRequest{
			StackKey: c.Stack, JobUUIDs: c.Jobs,
		}, options...))
	case "finish":
		header, err := client.FinishJob(ctx, stacksapi.FinishJobRequest{
			StackKey: c.Stack, JobUUID: c.Job, ExitStatus: c.ExitStatus, Detail: c.Detail,
		}, options...)
		return struct{}{}, header, err
	case "notify":
		return result(client.CreateStackNotifications(ctx, stacksapi.CreateStackNotificationsRequest{
			StackKey: c.Stack, Notifications: c.Notifications,
		}, options...))
	default:
		return nil, nil, fmt.Errorf("unknown call %q", c.Call)
	}
}

func result[T any](answer *T, header http.Header, err error) (any, http.Header, error) {
	return answer, header, err
}
