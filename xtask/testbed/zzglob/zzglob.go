// Package zzglob is a stand-in for the glob package that buildkite-agent
// imports under this name. The agent needs these names to build, and only its
// artifact paths use them, so a small package of our own does for tests.
//
// It offers only what the agent calls, and serves only the agent of the test
// cluster. Supported are `*`, `?`, `[class]`, `{one,two}`, `**` for any number
// of directories, a leading `~`, and `\` to take a character literally.
package zzglob

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// Pattern is a parsed glob.
type Pattern struct {
	// root is the longest leading path without any glob character.
	root string
	// literal tells that root is the whole pattern.
	literal bool
	match   *regexp.Regexp
}

type parseOptions struct{ expandTilde bool }

// ParseOption changes how a pattern is read.
type ParseOption func(*parseOptions)

// ExpandTilde says whether a leading `~` means the home directory (default: yes).
func ExpandTilde(enabled bool) ParseOption {
	return func(o *parseOptions) { o.expandTilde = enabled }
}

type globOptions struct {
	walkIntermediateDirs bool
	traverseSymlinks     bool
}

// GlobOption changes how the file system is walked.
type GlobOption func(*globOptions)

// WalkIntermediateDirs also reports directories on the way to a match (default: no).
func WalkIntermediateDirs(enabled bool) GlobOption {
	return func(o *globOptions) { o.walkIntermediateDirs = enabled }
}

// TraverseSymlinks descends into links to directories (default: no).
func TraverseSymlinks(enabled bool) GlobOption {
	return func(o *globOptions) { o.traverseSymlinks = enabled }
}

// Parse reads a glob pattern.
func Parse(pattern string, options ...ParseOption) (*Pattern, error) {
	opts := parseOptions{expandTilde: true}
	for _, apply := range options {
		apply(&opts)
	}
	if opts.expandTilde && (pattern == "~" || strings.HasPrefix(pattern, "~/")) {
		home, err := os.UserHomeDir()
		if err != nil {
			return nil, fmt.Errorf("expanding ~: %w", err)
		}
		pattern = home + pattern[1:]
	}
	pattern = strings.TrimPrefix(pattern, "./")
	expression, err := translate(pattern)
	if err != nil {
		return nil, err
	}
	match, err := regexp.Compile(expression)
	if err != nil {
		return nil, fmt.Errorf("pattern %q: %w", pattern, err)
	}
	root, literal := fixedPart(pattern)
	return &Pattern{root: root, literal: literal, match: match}, nil
}

// Match tells whether the whole path matches.
func (p *Pattern) Match(path string) bool {
	return p.match.MatchString(strings.TrimPrefix(filepath.ToSlash(path), "./"))
}

// Glob calls walk for every existing path that matches.
func (p *Pattern) Glob(walk fs.WalkDirFunc, options ...GlobOption) error {
	return MultiGlob(context.Background(), []*Pattern{p}, walk, options...)
}

// MultiGlob calls walk for every path that any pattern matches, each path once.
func MultiGlob(ctx context.Context, patterns []*Pattern, walk fs.WalkDirFunc, options ...GlobOption) error {
	var opts globOptions
	for _, apply := range options {
		apply(&opts)
	}
	seen := map[string]bool{}
	once := func(path string, entry fs.DirEntry, err error) error {
		if seen[path] {
			return nil
		}
		seen[path] = true
		return walk(path, entry, err)
	}
	for _, p := range patterns {
		w := walker{ctx: ctx, pattern: p, options: opts, report: once, active: map[string]bool{}}
		if err := w.start(); err != nil && !errors.Is(err, fs.SkipAll) {
			return err
		}
	}
	return nil
}

type walker struct {
	ctx     context.Context
	pattern *Pattern
	options globOptions
	report  fs.WalkDirFunc
	// active holds the resolved directories being walked, against link cycles.
	active map[string]bool
}

func (w *walker) start() error {
	root := w.pattern.root
	info, err := os.Lstat(root)
	if err != nil {
		return w.report(root, nil, err)
	}
	entry := fs.FileInfoToDirEntry(info)
	if w.pattern.literal {
		return w.report(root, entry, nil)
	}
	return w.visit(root, entry)
}

func (w *walker) visit(path string, entry fs.DirEntry) error {
	if err := w.ctx.Err(); err != nil {
		return err
	}
	isDir := entry.IsDir()
	if entry.Type()&fs.ModeSymlink != 0 && (w.options.traverseSymlinks || path == w.pattern.root) {
		if info, err := os.Stat(path); err == nil && info.IsDir() {
			isDir = true
			entry = fs.FileInfoToDirEntry(info)
		}
	}
	matches := path != "." && w.pattern.Match(path)
	if matches || (isDir && w.options.walkIntermediateDirs) {
		if err := w.report(path, entry, nil); err != nil {
			if errors.Is(err, fs.SkipDir) {
				return nil
			}
			return err
		}
	}
	if !isDir {
		return nil
	}
	return w.descend(path)
}

func (w *walker) descend(path string) error {
	real, err := filepath.EvalSymlinks(path)
	if err != nil {
		return w.report(path, nil, err)
	}
	if w.active[real] {
		return nil
	}
	w.active[real] = true
	defer delete(w.active, real)
	entries, err := os.ReadDir(path)
	if err != nil {
		return w.report(path, nil, err)
	}
	for _, entry := range entries {
		if err := w.visit(filepath.Join(path, entry.Name()), entry); err != nil {
			return err
		}
	}
	return nil
}

// fixedPart returns the directory from which a walk must start, and whether
// the pattern holds no glob character at all.
func fixedPart(pattern string) (string, bool) {
	meta := strings.IndexAny(pattern, `*?[{\`)
	if meta < 0 {
		return filepath.Clean(pattern), true
	}
	slash := strings.LastIndexByte(pattern[:meta], '/')
	switch {
	case slash < 0:
		return ".", false
	case slash == 0:
		return "/", false
	default:
		return filepath.Clean(pattern[:slash]), false
	}
}

// translate turns a glob into an anchored regular expression.
func translate(pattern string) (string, error) {
	var out strings.Builder
	out.WriteString(`\A(?:`)
	depth := 0
	for i := 0; i < len(pattern); {
		rest := pattern[i:]
		switch {
		case strings.HasPrefix(rest, "**/"):
			out.WriteString(`(?:.*/)?`)
			i += 3
		case strings.HasPrefix(rest, "**"):
			out.WriteString(`.*`)
			i += 2
		case rest[0] == '*':
			out.WriteString(`[^/]*`)
			i++
		case rest[0] == '?':
			out.WriteString(`[^/]`)
			i++
		case rest[0] == '[':
			end := strings.IndexByte(rest[1:], ']')
			if end < 1 {
				return "", fmt.Errorf("pattern %q: unclosed [", pattern)
			}
			class := rest[1 : 1+end]
			if class[0] == '!' {
				class = "^" + class[1:]
			}
			out.WriteString("[" + strings.ReplaceAll(class, `\`, `\\`) + "]")
			i += end + 2
		case rest[0] == '{':
			depth++
			out.WriteString(`(?:`)
			i++
		case rest[0] == '}' && depth > 0:
			depth--
			out.WriteString(`)`)
			i++
		case rest[0] == ',' && depth > 0:
			out.WriteString(`|`)
			i++
		case rest[0] == '\\' && len(rest) > 1:
			out.WriteString(regexp.QuoteMeta(rest[1:2]))
			i += 2
		default:
			out.WriteString(regexp.QuoteMeta(rest[:1]))
			i++
		}
	}
	if depth != 0 {
		return "", fmt.Errorf("pattern %q: unclosed {", pattern)
	}
	out.WriteString(`)\z`)
	return out.String(), nil
}
