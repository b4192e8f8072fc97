// Judges merges: Kubernetes' own strategic merge patch on JSON from standard input.
//
// Each input line is one case, each output line its outcome:
//
//	{"type": "PodSpec", "original": {…}, "patch": {…}}
//	{"merged": {…}}
//
// A refused case has "error" instead of "merged", one that panics has "panic".
package main

import (
	"bufio"
	"errors"
	"fmt"
	"os"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/json"
	"k8s.io/apimachinery/pkg/util/strategicpatch"
)

// A case. Numbers are integers where they are whole, as in the API server.
type question struct {
	Type     string
	Original map[string]interface{}
	Patch    map[string]interface{}
}

type outcome map[string]interface{}

var types = map[string]interface{}{
	"Container":       corev1.Container{},
	"JobSpec":         batchv1.JobSpec{},
	"PodSpec":         corev1.PodSpec{},
	"PodTemplateSpec": corev1.PodTemplateSpec{},
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run() error {
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 16*1024*1024)
	output := bufio.NewWriter(os.Stdout)
	for lines.Scan() {
		next, err := read(lines.Bytes())
		if err != nil {
			return err
		}
		answer, err := json.Marshal(next.outcome())
		if err != nil {
			return err
		}
		if _, err := output.Write(append(answer, '\n')); err != nil {
			return err
		}
	}
	return errors.Join(lines.Err(), output.Flush())
}

func read(line []byte) (*question, error) {
	// Only a bare map gets integers, so the case is taken apart by hand.
	var members map[string]interface{}
	if err := json.Unmarshal(line, &members); err != nil {
		return nil, err
	}
	next := &question{}
	var ok [3]bool
	next.Type, ok[0] = members["type"].(string)
	next.Original, ok[1] = members["original"].(map[string]interface{})
	next.Patch, ok[2] = members["patch"].(map[string]interface{})
	if ok != [3]bool{true, true, true} {
		return nil, fmt.Errorf("not a case: %s", line)
	}
	return next, nil
}

func (q *question) outcome() (result outcome) {
	defer func() {
		if reason := recover(); reason != nil {
			result = outcome{"panic": fmt.Sprint(reason)}
		}
	}()
	schema, known := types[q.Type]
	if !known {
		return outcome{"error": fmt.Sprintf("unknown type %q", q.Type)}
	}
	merged, err := strategicpatch.StrategicMergeMapPatch(q.Original, q.Patch, schema)
	if err != nil {
		return outcome{"error": err.Error()}
	}
	return outcome{"merged": merged}
}
