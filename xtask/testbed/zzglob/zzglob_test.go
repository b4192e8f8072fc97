package zzglob

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

func TestMatch(t *testing.T) {
	for _, c := range []struct {
		pattern, path string
		want          bool
	}{
		{"*.txt", "a.txt", true},
		{"*.txt", "d/a.txt", false},
		{"**/*.txt", "a.txt", true},
		{"**/*.txt", "d/e/a.txt", true},
		{"d/**", "d/e/a.txt", true},
		{"{a,b}.txt", "b.txt", true},
		{"{a,b}.txt", "c.txt", false},
		{"[!a].txt", "b.txt", true},
		{`\*.txt`, "*.txt", true},
		{"é?.txt", "éx.txt", true},
		{"./a.txt", "a.txt", true},
	} {
		p, err := Parse(c.pattern)
		if err != nil {
			t.Fatal(err)
		}
		if got := p.Match(c.path); got != c.want {
			t.Errorf("%q on %q: %v", c.pattern, c.path, got)
		}
	}
}

func TestParseErrors(t *testing.T) {
	for _, pattern := range []string{"[a", "{a,b"} {
		if _, err := Parse(pattern); err == nil {
			t.Errorf("%q was accepted", pattern)
		}
	}
}

func TestGlob(t *testing.T) {
	t.Chdir(t.TempDir())
	for _, file := range []string{"a.txt", "d/b.txt", "d/e/c.txt", "d/e/c.log"} {
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for pattern, want := range map[string][]string{
		"**/*.txt": {"a.txt", "d/b.txt", "d/e/c.txt"},
		"d/*.txt":  {"d/b.txt"},
		"a.txt":    {"a.txt"},
	} {
		p, err := Parse(pattern)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		if err := p.Glob(func(path string, _ fs.DirEntry, err error) error {
			got = append(got, path)
			return err
		}); err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%q: %v", pattern, got)
		}
	}
}
