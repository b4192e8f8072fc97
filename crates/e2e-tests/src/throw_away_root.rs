//! Root file systems to be thrown away: programs run in an image's tree as in a container, without a node.
//!
//! A tree is unpacked once, into memory that only a mount namespace of its own sees. That namespace lives as long as a
//! process that waits at a pipe of ours: the kernel takes everything away when this process ends, however it ends.
//! Each [`Root`] is an overlay over a tree. Each program in it is process 1 of its own namespaces, finds its own
//! `/proc`, and next to nothing in `/dev`.
//!
//! Needs Linux, root and the programs of util-linux.

mod layout;

use std::ffi::OsString;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use anyhow::{Context as _, Result, ensure};

/// Where programs lie, here and in every image.
pub const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// No program runs longer, in seconds.
const PATIENCE: &str = "60";

/// Covers `/tmp` of the new namespace, says so, and waits until nobody holds the pipe.
const HOLD: &str = "\
mount -t tmpfs -o mode=755 none /tmp && mkdir /tmp/tree /tmp/layers /tmp/roots /tmp/dev || exit
for device in null zero urandom; do
  : >/tmp/dev/$device && mount --bind /dev/$device /tmp/dev/$device || exit
done
echo ready && read -r _
";

/// Puts the root together and runs what the arguments say after it.
///
/// Arguments: the root's name; the layers below it, as the overlay wants them; folder, user and group of the program;
/// the volumes; those of them that cannot be written to; and what `env -i` takes. Volumes are paths without their
/// first `/`, in one word with blanks between them.
const ENTER: &str = r#"
set -eu
place=/tmp/roots/$1 layers=$2 folder=$3 user=$4 group=$5 volumes=$6 read_only=$7
shift 7
fresh=
if [ ! -d "$place" ]; then
  fresh=1
  mkdir -p "$place/upper" "$place/work" "$place/root"
fi
mount -t overlay -o "lowerdir=$layers,upperdir=$place/upper,workdir=$place/work" overlay "$place/root"
cd "$place/root"
if [ "$fresh" ]; then
  mkdir -p dev proc $volumes
  [ -z "$volumes" ] || chmod 0777 $volumes
fi
mount --rbind /tmp/dev dev
for path in $read_only; do
  mount --bind -o ro "$path" "$path"
done
exec unshare --pid --fork --kill-child --root=. --wd="$folder" --mount-proc=/proc \
  --setgid "$group" --setuid "$user" -- /usr/bin/env -i "$@"
"#;

/// The files of an image; gone when dropped.
#[derive(Debug)]
pub struct Tree {
    /// Its standard input is what keeps the namespace.
    holder: Child,
    roots: AtomicU32,
}

impl Tree {
    /// Unpacks the layer of an OCI layout, without the paths `left_out`.
    ///
    /// # Errors
    /// When this process is not root, or the layout is none.
    pub fn unpack(layout: &Path, left_out: &[&str]) -> Result<Self> {
        let layer = layout::layer(layout).with_context(|| format!("read {}", layout.display()))?;
        let mut holder = tool("unshare")
            .args(["--mount", "--propagation", "private", "--", "sh", "-c", HOLD])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .context("start unshare (package util-linux)")?;
        let mut line = String::new();
        BufReader::new(holder.stdout.take().expect("standard output was asked to be a pipe"))
            .read_line(&mut line)
            .context("read what the namespace's process says")?;
        let tree = Self { holder, roots: AtomicU32::new(0) };
        ensure!(line == "ready\n", "no mount namespace of our own: this needs root");
        let status = tree
            .inside()
            .args(["tar", "--extract", "--file=-", "--directory=/tmp/tree", "--same-permissions"])
            .args(left_out.iter().map(|path| format!("--exclude={path}")))
            .stdin(layer)
            .status()
            .context("run tar")?;
        ensure!(status.success(), "tar cannot unpack {}: {status}", layout.display());
        Ok(tree)
    }

    /// Runs a shell script in the tree itself, so that every root has what it makes.
    ///
    /// # Errors
    /// When it fails.
    pub fn prepare(self, script: &str, input: &[u8]) -> Result<Self> {
        let mut command = self.inside();
        command.args(["chroot", "/tmp/tree", "/bin/sh", "-euc", script]).env("PATH", PATH);
        let output = fed(command, input)?;
        ensure!(output.status.success(), "{}: {}", output.status, String::from_utf8_lossy(&output.stderr));
        Ok(self)
    }

    /// Adds a layer that a root may have on top: a shell script makes it, in the folder that becomes its `/`.
    ///
    /// # Errors
    /// When it fails.
    pub fn layer(self, name: &str, script: &str) -> Result<Self> {
        let script = format!("mkdir -p /tmp/layers/{name} && cd /tmp/layers/{name}\n{script}");
        let status = self.inside().args(["sh", "-euc", &script]).status().context("run sh")?;
        ensure!(status.success(), "the layer {name} was not made: {status}");
        Ok(self)
    }

    /// The content of a file.
    ///
    /// # Errors
    /// When there is none.
    pub fn read(&self, path: &str) -> Result<Vec<u8>> {
        let output = self.inside().args(["chroot", "/tmp/tree", "cat", path]).output().context("run cat")?;
        ensure!(output.status.success(), "cannot read {path} of the tree: {}", output.status);
        Ok(output.stdout)
    }

    /// The process whose mount namespace holds everything.
    #[must_use]
    pub fn holder(&self) -> u32 {
        self.holder.id()
    }

    /// Begins a command line in the tree's namespace.
    fn inside(&self) -> Command {
        let mut command = tool("timeout");
        let target = self.holder.id().to_string();
        command.args(["--signal=KILL", PATIENCE, "nsenter", "--mount", "--target", &target, "--"]);
        command
    }
}

impl Drop for Tree {
    fn drop(&mut self) {
        drop(self.holder.stdin.take());
        // It may have ended already, and nothing else can be done about it.
        let _ = self.holder.wait();
    }
}

/// A program of this machine, with nothing of this process's environment but the search path.
fn tool(name: &str) -> Command {
    let mut command = Command::new(name);
    command.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_else(|| PATH.into()));
    command
}

/// Runs it with this standard input.
fn fed(mut command: Command, input: &[u8]) -> Result<Output> {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().context("start nsenter (package util-linux)")?;
    // A program that does not read it closes the pipe, which is no failure of its own.
    let _ = child.stdin.take().expect("standard input was asked to be a pipe").write_all(input);
    child.wait_with_output().context("wait for the program")
}

/// A program to run, as a container describes it.
#[derive(Debug, Clone)]
pub struct Process {
    /// Program and arguments.
    pub words: Vec<OsString>,
    /// The whole environment.
    pub env: Vec<(String, String)>,
    /// User id.
    pub user: u32,
    /// Group id.
    pub group: u32,
    /// Working directory.
    pub folder: String,
}

impl Process {
    fn of_root(words: &[&str]) -> Self {
        Self {
            words: words.iter().map(OsString::from).collect(),
            env: vec![("PATH".to_owned(), PATH.to_owned())],
            user: 0,
            group: 0,
            folder: "/".to_owned(),
        }
    }
}

/// A root file system of a test's own.
#[derive(Debug)]
pub struct Root<'tree> {
    tree: &'tree Tree,
    name: String,
    layers: String,
    volumes: Vec<&'static str>,
    read_only: Vec<&'static str>,
}

impl<'tree> Root<'tree> {
    /// A fresh copy of the tree.
    #[must_use]
    pub fn new(tree: &'tree Tree) -> Self {
        let name = tree.roots.fetch_add(1, Ordering::Relaxed).to_string();
        Self { tree, name, layers: "/tmp/tree".to_owned(), volumes: Vec::new(), read_only: Vec::new() }
    }

    /// Puts a layer of the tree on top of it.
    #[must_use]
    pub fn with_layer(mut self, name: &str) -> Self {
        self.layers = format!("/tmp/layers/{name}:{}", self.layers);
        self
    }

    /// Has an empty directory with mode 0777, as an `emptyDir` is. The path must be made of plain letters.
    #[must_use]
    pub fn volume(mut self, path: &'static str) -> Self {
        self.volumes.push(path.trim_start_matches('/'));
        self
    }

    /// Has a directory that only [`Root::shell`] and [`Root::write`] can write to.
    #[must_use]
    pub fn read_only_volume(mut self, path: &'static str) -> Self {
        self.read_only.push(path.trim_start_matches('/'));
        self.volume(path)
    }

    /// Runs a program to its end. One that a signal ended has the status 128 and the signal's number.
    ///
    /// # Panics
    /// When the root cannot be put together.
    #[must_use]
    pub fn run(&self, process: &Process) -> Output {
        self.enter(process, false, b"")
    }

    /// Runs a shell script as root, to lay out the root or to look at it; what it printed.
    ///
    /// # Panics
    /// When it fails.
    #[expect(clippy::must_use_candidate, reason = "most scripts are run for what they make")]
    pub fn shell(&self, script: &str) -> String {
        let output = self.enter(&Process::of_root(&["/bin/sh", "-euc", script]), true, b"");
        let complaint = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{script}\n{}: {complaint}", output.status);
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// Writes a file; its folder must be there.
    ///
    /// # Panics
    /// When it cannot be written.
    pub fn write(&self, path: &str, content: impl AsRef<[u8]>) {
        let process = Process::of_root(&["/bin/sh", "-euc", "cat >\"$0\"", path]);
        let output = self.enter(&process, true, content.as_ref());
        assert!(output.status.success(), "cannot write {path}: {}", output.status);
    }

    fn enter(&self, process: &Process, lay_out: bool, input: &[u8]) -> Output {
        let ids = [process.user, process.group].map(|id| id.to_string());
        let read_only = if lay_out { String::new() } else { self.read_only.join(" ") };
        let mut command = self.tree.inside();
        command
            .args(["unshare", "--mount", "--propagation", "private", "--", "sh", "-c", ENTER, "enter"])
            .args([&self.name, &self.layers, &process.folder, &ids[0], &ids[1]])
            .args([self.volumes.join(" "), read_only])
            .args(process.env.iter().map(|(name, value)| format!("{name}={value}")))
            .args(&process.words);
        fed(command, input).expect("util-linux and coreutils are installed")
    }
}
