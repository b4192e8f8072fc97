//! A git server on an address that pods reach, with one small repository.

use std::net::IpAddr;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};

use crate::{ports, wait};

/// A running `git daemon`; killed when dropped.
pub struct GitServer {
    /// What a pipeline gives as its repository.
    pub url: String,
    /// The one commit, on branch `main`.
    pub commit: String,
    _daemon: Child,
    _folder: tempfile::TempDir,
}

impl GitServer {
    /// Serves a repository that holds these files (path, content).
    ///
    /// # Errors
    /// When git is missing or refuses something.
    pub async fn start(address: IpAddr, files: &[(&str, &str)]) -> Result<Self> {
        let folder = tempfile::tempdir().context("no temporary folder")?;
        let repository = folder.path().join("repository");
        std::fs::create_dir(&repository).context("cannot create the repository")?;
        git(&repository, &["init", "--quiet", "--initial-branch=main"]).await?;
        for (name, content) in files {
            let path = repository.join(name);
            std::fs::create_dir_all(path.parent().expect("a file lies in a folder"))?;
            std::fs::write(path, content).with_context(|| format!("cannot write {name}"))?;
        }
        git(&repository, &["add", "--all"]).await?;
        git(&repository, &["commit", "--quiet", "--message=first"]).await?;
        let commit = git(&repository, &["rev-parse", "HEAD"]).await?;
        let port = ports::free(address);
        let daemon = Command::new("git")
            .args(["daemon", "--reuseaddr", "--export-all"])
            .arg(format!("--base-path={}", folder.path().display()))
            .arg(format!("--listen={address}"))
            .arg(format!("--port={port}"))
            .env("GIT_CONFIG_COUNT", "1")
            .env("GIT_CONFIG_KEY_0", "safe.directory")
            .env("GIT_CONFIG_VALUE_0", "*")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .context("cannot start git daemon")?;
        wait::until("git daemon listens", Duration::from_secs(10), || async {
            TcpStream::connect((address, port)).await.map(drop).map_err(|error| error.to_string())
        })
        .await;
        Ok(Self {
            url: format!("git://{address}:{port}/repository"),
            commit,
            _daemon: daemon,
            _folder: folder,
        })
    }
}

/// One git command with an author of its own; what it printed.
async fn git(folder: &Path, arguments: &[&str]) -> Result<String> {
    let output = Command::new("git")
        .args(["-c", "user.name=Test", "-c", "user.email=test@example.invalid"])
        .args(arguments)
        .current_dir(folder)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .stdin(Stdio::null())
        .output()
        .await
        .context("cannot start git")?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned());
    }
    bail!("git {} failed: {}", arguments.join(" "), String::from_utf8_lossy(&output.stderr))
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    #[tokio::test]
    async fn the_repository_can_be_cloned() {
        let files = [("hello.txt", "hello\n"), ("a/b.txt", "deep\n")];
        let server = GitServer::start(Ipv4Addr::LOCALHOST.into(), &files).await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        git(folder.path(), &["clone", "--quiet", &server.url, "copy"]).await.unwrap();
        let copy = folder.path().join("copy");
        assert_eq!(git(&copy, &["rev-parse", "HEAD"]).await.unwrap(), server.commit);
        assert_eq!(std::fs::read_to_string(copy.join("a/b.txt")).unwrap(), "deep\n");
    }
}
