//! The images of the test cluster: pause, busybox and the agent's.
//!
//! Built from Debian packages, without root and without running anything in them, and kept as OCI
//! layouts in the cache.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::Context as _;
use sha2::{Digest as _, Sha256};

use super::image::{ImageConfig, Layer, hex, write_layout};
use super::packages;
use super::parts::Places;

/// Name of the sandbox image, pinned in containerd's configuration.
pub(crate) const PAUSE: &str = "localhost/agent-stack-k8s/pause:1";

/// Counts up when a recipe below changes, so that older layouts in the cache are not used.
const RECIPE: &str = "1";

const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// What a checkout, a hook and a user's shell script expect of the agent's image.
const AGENT_PACKAGES: &[&str] = &[
    "bash",
    "ca-certificates",
    "coreutils",
    "dash",
    "findutils",
    "git",
    "grep",
    "gzip",
    "hostname",
    "login",
    "mawk",
    "openssh-client",
    "passwd",
    "sed",
    "tar",
    "tini",
    "util-linux",
];

/// Dependencies that only install scripts and rarely used commands need; a third of the size.
const LEFT_OUT_PACKAGES: &[&str] =
    &["adduser", "debconf", "dpkg", "git-man", "libperl5.36", "perl", "perl-modules-5.36"];

const LEFT_OUT_PATHS: &[&str] = &[
    "usr/share/bash-completion/",
    "usr/share/bug/",
    "usr/share/doc/",
    "usr/share/info/",
    "usr/share/lintian/",
    "usr/share/locale/",
    "usr/share/man/",
];

/// Directories that Debian keeps as links into `/usr`, while packages still ship files in them.
const MERGED: &[&str] = &["bin", "lib", "lib64", "sbin"];

const ENTRYPOINT: &str = "\
#!/bin/sh
# The agent as process 1 of a container: tini passes signals on and collects orphans.
exec /usr/bin/tini-static -g -- /usr/local/bin/buildkite-agent \"$@\"
";

/// The layouts to import on a node, written to the cache if they are not there yet.
pub(crate) fn provide(places: &Places, bin: &Path) -> anyhow::Result<Vec<PathBuf>> {
    fs::create_dir_all(&places.cache).context("create the cache")?;
    let lock = fs::File::create(places.cache.join(".lock")).context("create the cache's lock")?;
    lock.lock().context("wait for another build of the cluster's parts")?;
    let agent = fs::read(bin.join("buildkite-agent")).context("read the buildkite-agent program")?;
    let agent_key = hex(&Sha256::digest(&agent));
    let pause = cached(places, "pause", RECIPE, |dir| {
        busybox(dir, vec![PAUSE.to_owned()], vec!["sleep".to_owned(), "2147483647".to_owned()])
    })?;
    let busybox = cached(places, "busybox", RECIPE, |dir| {
        let tags = ["latest", "stable", "1", "1.36"];
        let names = tags.map(|tag| format!("docker.io/library/busybox:{tag}"));
        busybox(dir, names.to_vec(), vec!["sh".to_owned()])
    })?;
    let agent =
        cached(places, "agent", &format!("{RECIPE}-{}", &agent_key[..8]), |dir| agent_image(dir, &agent))?;
    Ok(vec![pause, busybox, agent])
}

fn cached(
    places: &Places,
    name: &str,
    key: &str,
    make: impl FnOnce(&Path) -> anyhow::Result<(Vec<u8>, ImageConfig)>,
) -> anyhow::Result<PathBuf> {
    let finished = places.cache.join(format!("image-{name}-{key}.tar"));
    if finished.is_file() {
        return Ok(finished);
    }
    eprintln!("building the image `{name}` from Debian packages");
    let started = Instant::now();
    let work = tempfile::tempdir_in(&places.cache).context("create a directory to build in")?;
    let (layer, config) = make(work.path()).with_context(|| format!("build the image `{name}`"))?;
    let unfinished = work.path().join("layout.tar");
    let out = fs::File::create(&unfinished).context("create the image's layout")?;
    write_layout(std::io::BufWriter::new(out), &layer, &config).context("write the image's layout")?;
    fs::rename(&unfinished, &finished).context("move the image into the cache")?;
    eprintln!(
        "built the image `{name}`, {} MiB, in {:.0} s",
        layer.len() >> 20,
        started.elapsed().as_secs_f32()
    );
    Ok(finished)
}

fn busybox(dir: &Path, names: Vec<String>, cmd: Vec<String>) -> anyhow::Result<(Vec<u8>, ImageConfig)> {
    let packages = packages::download_closure(&["busybox-static"], dir)?;
    let package = packages
        .iter()
        .find(|path| package_name(path) == "busybox-static")
        .context("apt-get downloaded no busybox-static")?;
    let program = file_in(&packages::unpack(package)?, "bin/busybox")?;
    let local = dir.join("busybox");
    fs::write(&local, &program).context("write busybox")?;
    let mut permissions = fs::metadata(&local).context("read busybox")?.permissions();
    std::os::unix::fs::PermissionsExt::set_mode(&mut permissions, 0o755);
    fs::set_permissions(&local, permissions).context("make busybox executable")?;
    let applets =
        std::process::Command::new(&local).arg("--list").output().context("ask busybox for its applets")?;
    let applets = String::from_utf8(applets.stdout).context("read busybox's applets")?;

    let mut layer = Layer::new();
    for path in ["bin", "dev", "etc", "home", "proc", "root", "sys", "usr", "usr/bin", "var"] {
        layer.directory(path, 0o755)?;
    }
    layer.directory("tmp", 0o1777)?;
    layer.file("bin/busybox", 0o755, &program)?;
    for applet in applets.lines().filter(|applet| *applet != "busybox") {
        layer.symlink(&format!("bin/{applet}"), "busybox")?;
    }
    // Scripts call it by the place where most systems have it.
    layer.symlink("usr/bin/env", "../../bin/env")?;
    layer.file(
        "etc/passwd",
        0o644,
        b"root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/home:/bin/false\n",
    )?;
    layer.file("etc/group", 0o644, b"root:x:0:\nnogroup:x:65534:\n")?;
    let env = BTreeMap::from([("PATH".to_owned(), PATH.to_owned())]);
    Ok((layer.finish()?, ImageConfig { names, entrypoint: Vec::new(), cmd, env }))
}

fn agent_image(dir: &Path, agent: &[u8]) -> anyhow::Result<(Vec<u8>, ImageConfig)> {
    let mut layer = Layer::new();
    let mut directories = BTreeSet::new();
    for path in MERGED {
        layer.symlink(path, &format!("usr/{path}"))?;
    }
    let mut certificates = Vec::new();
    for package in packages::download_closure(AGENT_PACKAGES, dir)? {
        if !LEFT_OUT_PACKAGES.contains(&package_name(&package)) {
            let files = packages::unpack(&package)?;
            add_package(&mut layer, &files, &mut directories, &mut certificates)
                .with_context(|| format!("add the files of {}", package.display()))?;
        }
    }
    for path in ["buildkite", "workspace"] {
        layer.directory(path, 0o755)?;
    }
    layer.file("usr/local/bin/buildkite-agent", 0o755, agent)?;
    layer.file("usr/local/bin/buildkite-agent-entrypoint", 0o755, ENTRYPOINT.as_bytes())?;
    layer.symlink("usr/bin/awk", "mawk")?;
    // The packages' install scripts would have written these.
    layer.file("etc/ssl/certs/ca-certificates.crt", 0o644, &certificates)?;
    layer.file(
        "etc/passwd",
        0o644,
        b"root:x:0:0:root:/root:/bin/bash\nnobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n",
    )?;
    layer.file("etc/group", 0o644, b"root:x:0:\ntty:x:5:\nnogroup:x:65534:\n")?;
    layer.file("etc/shadow", 0o640, b"root:*:20000:0:99999:7:::\nnobody:*:20000:0:99999:7:::\n")?;
    layer.file("etc/gshadow", 0o640, b"root:*::\ntty:*::\nnogroup:*::\n")?;
    for (file, line) in [
        ("common-auth", "auth required pam_permit.so\n"),
        ("common-account", "account required pam_permit.so\n"),
        ("common-password", "password required pam_deny.so\n"),
        ("common-session", "session required pam_permit.so\n"),
        ("common-session-noninteractive", "session required pam_permit.so\n"),
    ] {
        layer.file(&format!("etc/pam.d/{file}"), 0o644, line.as_bytes())?;
    }
    let config = ImageConfig {
        names: vec![format!("ghcr.io/buildkite/agent:{}", super::AGENT_VERSION)],
        entrypoint: vec!["buildkite-agent-entrypoint".to_owned()],
        cmd: vec!["start".to_owned()],
        env: BTreeMap::from([("PATH".to_owned(), PATH.to_owned())]),
    };
    Ok((layer.finish()?, config))
}

/// Copies a package's files, with `/bin` and its like moved below `/usr`, and collects the
/// certificate authorities it ships.
fn add_package(
    layer: &mut Layer,
    files: &[u8],
    directories: &mut BTreeSet<String>,
    certificates: &mut Vec<u8>,
) -> anyhow::Result<()> {
    let mut archive = tar::Archive::new(files);
    for entry in archive.entries()? {
        let mut entry = entry?;
        let Some(path) = merged_path(&entry.path()?.to_string_lossy()) else { continue };
        if LEFT_OUT_PATHS.iter().any(|left_out| path.starts_with(left_out)) {
            continue;
        }
        let header = entry.header().clone();
        let kind = header.entry_type();
        if kind.is_dir() {
            if directories.insert(path.clone()) {
                layer.copy(&format!("{path}/"), None, header, std::io::empty())?;
            }
            continue;
        }
        let link = entry.link_name()?.map(|link| link.to_string_lossy().into_owned());
        let link = match link {
            // A hard link names a path of the archive; a symbolic one says what it says.
            Some(target) if kind.is_hard_link() => merged_path(&target),
            other => other,
        };
        if path.starts_with("usr/share/ca-certificates/") && kind.is_file() {
            let mut certificate = Vec::new();
            entry.read_to_end(&mut certificate)?;
            certificates.extend_from_slice(&certificate);
            layer.copy(&path, None, header, &certificate[..])?;
            continue;
        }
        layer.copy(&path, link.as_deref(), header, entry)?;
    }
    Ok(())
}

/// Where a file of a package goes: `./bin/sh` to `usr/bin/sh`; `None` for the root and for the
/// directories that are links.
fn merged_path(path: &str) -> Option<String> {
    let path = path.trim_start_matches("./").trim_start_matches('/').trim_end_matches('/');
    if path.is_empty() || path == "." || MERGED.contains(&path) {
        return None;
    }
    let top = path.split('/').next().expect("splitting gives at least one piece");
    Some(if MERGED.contains(&top) { format!("usr/{path}") } else { path.to_owned() })
}

fn package_name(path: &Path) -> &str {
    let file = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    file.split('_').next().expect("splitting gives at least one piece")
}

fn file_in(tar: &[u8], wanted: &str) -> anyhow::Result<Vec<u8>> {
    for entry in tar::Archive::new(tar).entries()? {
        let mut entry = entry?;
        if entry.path()?.to_string_lossy().trim_start_matches("./") == wanted {
            let mut content = Vec::new();
            entry.read_to_end(&mut content)?;
            return Ok(content);
        }
    }
    anyhow::bail!("the package holds no {wanted}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_move_below_usr() {
        for (path, want) in [
            ("./bin/sh", Some("usr/bin/sh")),
            ("./lib/x86_64-linux-gnu/libc.so.6", Some("usr/lib/x86_64-linux-gnu/libc.so.6")),
            ("./usr/bin/git", Some("usr/bin/git")),
            ("./etc/", Some("etc")),
            ("./bin/", None),
            ("./", None),
        ] {
            assert_eq!(merged_path(path).as_deref(), want, "{path}");
        }
    }

    #[test]
    fn packages_are_named_by_the_front_of_their_file() {
        assert_eq!(package_name(Path::new("/x/git_1%3a2.39.5-0_amd64.deb")), "git");
    }

    #[test]
    fn a_package_becomes_part_of_the_layer() {
        let mut package = Layer::new();
        package.directory("./bin", 0o755).unwrap();
        package.file("./bin/sh", 0o755, b"shell").unwrap();
        package.file("./usr/share/doc/sh/README", 0o644, b"words").unwrap();
        package.file("./usr/share/ca-certificates/one.crt", 0o644, b"CERT\n").unwrap();
        let package = package.finish().unwrap();
        let (mut layer, mut certificates) = (Layer::new(), Vec::new());
        add_package(&mut layer, &package, &mut BTreeSet::new(), &mut certificates).unwrap();
        let layer = layer.finish().unwrap();
        assert_eq!(certificates, b"CERT\n");
        assert_eq!(file_in(&layer, "usr/bin/sh").unwrap(), b"shell");
        assert!(file_in(&layer, "usr/share/doc/sh/README").is_err());
    }
}
