//! A throw-away root with fake tools.

use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use podspec_builder::{Builder, JobRequest, JobUuid, Settings};
use serde_json::{Value, json};
use tempfile::TempDir;

/// Shells that images bring; the machine's own `sh` is always there. With `CI=true` all must be.
pub(crate) fn shells() -> Vec<Vec<&'static str>> {
    let known = [vec!["sh"], vec!["dash"], vec!["bash"], vec!["busybox", "sh"]];
    let strict = std::env::var("CI").is_ok_and(|value| value == "true" || value == "1");
    for shell in known.iter().filter(|_| strict) {
        assert!(find(shell[0]).is_some(), "CI=true and no {} on the PATH", shell[0]);
    }
    known.into_iter().filter(|shell| find(shell[0]).is_some()).collect()
}

fn find(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap();
    std::env::split_paths(&path).map(|folder| folder.join(program)).find(|file| file.is_file())
}

/// A container of the Job for a pod with this security context.
pub(crate) fn container(list: &str, name: &str, security: &Value, credentials: bool) -> Value {
    let mut block = json!({ "podSpec": { "securityContext": security } });
    if credentials {
        block["checkout"] = json!({ "gitCredentialsSecret": { "secretName": "s" } });
    }
    let mut job = JobRequest::new(JobUuid::new("uuid-1").unwrap(), "true");
    let plugins = json!([{ "github.com/buildkite-plugins/kubernetes-buildkite-plugin": block }]);
    job.env.insert("BUILDKITE_PLUGINS".to_owned(), plugins.to_string());
    let builder = Builder::new(Settings::default()).unwrap();
    let built = builder.build(&job, &builder.parse_plugin(&job).unwrap(), None).unwrap();
    let job = built.to_json();
    let mut containers = job["spec"]["template"]["spec"][list].as_array().unwrap().iter();
    containers.find(|container| container["name"] == name).unwrap().clone()
}

/// The root.
pub(crate) struct Sandbox {
    root: TempDir,
    shell: Vec<&'static str>,
}

impl Sandbox {
    /// An empty image with a workspace and the usual accounts.
    pub(crate) fn new(shell: &[&'static str]) -> Self {
        let sandbox = Self { root: tempfile::tempdir().unwrap(), shell: shell.to_vec() };
        for folder in
            ["bin", "workspace", "etc", "usr/local/bin", "usr/bin", "sbin", "buildkite/git-credentials"]
        {
            std::fs::create_dir_all(sandbox.path(folder)).unwrap();
        }
        sandbox.write(
            "etc/passwd",
            "root:x:0:0:root:/root:/bin/sh\nubuntu:x:1500:1500::/home/ubuntu:/bin/bash\n",
        );
        sandbox.write("etc/group", "root:x:0:\nstaff:x:1501:ubuntu\n");
        sandbox.write("usr/local/bin/buildkite-agent", "agent");
        for tool in ["cp", "mkdir", "chmod", "grep", "cat", "sh"] {
            symlink(find(tool).unwrap(), sandbox.path("bin").join(tool)).unwrap();
        }
        sandbox
    }

    pub(crate) fn path(&self, below: &str) -> PathBuf {
        self.root.path().join(below)
    }

    pub(crate) fn write(&self, below: &str, text: &str) {
        let file = self.path(below);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, text).unwrap();
    }

    pub(crate) fn read(&self, below: &str) -> String {
        std::fs::read_to_string(self.path(below)).unwrap_or_default()
    }

    /// A tool that writes down its name and arguments, then does `rest`.
    pub(crate) fn fake(&self, name: &str, rest: &str) -> &Self {
        let log = self.path("log");
        let text = format!("#!/bin/sh\necho \"{name} $*\" >>'{}'\n{rest}\n", log.display());
        self.write(&format!("bin/{name}"), &text);
        let mode = std::fs::Permissions::from_mode(0o755);
        std::fs::set_permissions(self.path("bin").join(name), mode).unwrap();
        self
    }

    /// Calls of the fakes, one a line, with the root cut off.
    pub(crate) fn calls(&self) -> Vec<String> {
        let root = self.root.path().display().to_string();
        self.read("log").lines().map(|line| line.replace(&root, "")).collect()
    }

    /// Runs a container's `command` and `args` in the root, with the sandbox's shell in place of `/bin/sh`.
    pub(crate) fn run(&self, container: &Value) -> Output {
        let words = |key: &str| -> Vec<String> {
            container[key].as_array().unwrap().iter().map(|word| word.as_str().unwrap().to_owned()).collect()
        };
        let mut words: Vec<String> = [words("command"), words("args")].concat();
        assert_eq!(words.remove(0), "/bin/sh");
        let script = words.pop().unwrap();
        Command::new(find(self.shell[0]).unwrap())
            .args(&self.shell[1..])
            .args(words)
            .arg(format!("{}{}", self.functions(), self.below_root(&script)))
            .env_clear()
            .env("PATH", self.path("bin"))
            .env("KEPT", "kept")
            .current_dir(self.path("workspace"))
            .output()
            .unwrap()
    }

    /// A function per fake, because a BusyBox shell prefers the tools it has inside to those of the path.
    fn functions(&self) -> String {
        let bin = self.path("bin");
        let names = std::fs::read_dir(&bin).unwrap().map(|entry| entry.unwrap());
        let fakes = names.filter(|entry| !entry.file_type().unwrap().is_symlink());
        let function = |entry: std::fs::DirEntry| {
            let name = entry.file_name().into_string().unwrap();
            let valid = !name.contains(['-', '.']);
            valid.then(|| format!("{name}() {{ '{}' \"$@\"; }}\n", entry.path().display()))
        };
        fakes.filter_map(function).collect()
    }

    fn below_root(&self, script: &str) -> String {
        let mut moved = script.to_owned();
        for place in ["/workspace", "/etc/", "/usr/local/bin/", "/usr/bin/", "/sbin/", "/buildkite/"] {
            let inside = |path: &Path| path.display().to_string();
            // A mark keeps a path that has been moved from being moved again.
            moved = moved.replace(place, &format!("\0{}", &place[1..]));
            moved = moved.replace('\0', &format!("{}\u{1}", inside(self.root.path())));
        }
        moved.replace('\u{1}', "/")
    }
}
