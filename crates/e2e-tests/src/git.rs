//! A git server on an address that pods reach, with small repositories.

mod private;

pub use private::PrivateRepository;

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
    /// The last commit of it, on branch `main`.
    pub commit: String,
    /// Where all repositories are served, `address:port`.
    pub authority: String,
    _daemon: Child,
    folder: tempfile::TempDir,
}

impl GitServer {
    /// Serves a repository that holds these files (path, content).
    ///
    /// # Errors
    /// When git is missing or refuses something.
    pub async fn start(address: IpAddr, files: &[(&str, &str)]) -> Result<Self> {
        let folder = tempfile::tempdir().context("no temporary folder")?;
        let repository = folder.path().join("repository");
        let commit = make_repository(&repository, files).await?;
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
        let authority = format!("{address}:{port}");
        let url = format!("git://{authority}/repository");
        Ok(Self { url, commit, authority, _daemon: daemon, folder })
    }

    /// Serves one more repository; its URL.
    ///
    /// # Errors
    /// When git refuses something.
    pub async fn add(&self, name: &str, files: &[(&str, &str)]) -> Result<String> {
        make_repository(&self.folder.path().join(name), files).await?;
        Ok(format!("git://{}/{name}", self.authority))
    }

    /// Puts a repository into the one called `name`, as its submodule at `path`.
    ///
    /// # Errors
    /// When git refuses something.
    pub async fn add_submodule(&self, name: &str, path: &str, url: &str) -> Result<()> {
        let repository = self.folder.path().join(name);
        git(&repository, &["submodule", "--quiet", "add", "--", url, path]).await?;
        git(&repository, &["commit", "--quiet", "--message", path]).await?;
        Ok(())
    }
}

/// A repository with one commit on `main` for each file; the last of them. Hooks can be executed.
async fn make_repository(repository: &Path, files: &[(&str, &str)]) -> Result<String> {
    std::fs::create_dir(repository).context("cannot create the repository")?;
    git(repository, &["init", "--quiet", "--initial-branch=main"]).await?;
    for (name, content) in files {
        let path = repository.join(name);
        std::fs::create_dir_all(path.parent().expect("a file lies in a folder"))?;
        std::fs::write(&path, content).with_context(|| format!("cannot write {name}"))?;
        if content.starts_with("#!") {
            let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
            std::fs::set_permissions(&path, mode)
                .with_context(|| format!("cannot set the mode of {name}"))?;
        }
        git(repository, &["add", "--all"]).await?;
        git(repository, &["commit", "--quiet", "--message", name]).await?;
    }
    git(repository, &["rev-parse", "HEAD"]).await
}

/// One git command with an author of its own; what it printed.
async fn git(folder: &Path, arguments: &[&str]) -> Result<String> {
    let output = Command::new("git")
        .args(["-c", "user.name=Test", "-c", "user.email=test@example.invalid"])
        .args(arguments)
        .current_dir(folder)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        // Nobody is there to be asked.
        .env("GIT_TERMINAL_PROMPT", "0")
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

    #[tokio::test]
    async fn a_repository_holds_another_one() {
        let server = GitServer::start(Ipv4Addr::LOCALHOST.into(), &[("hello.txt", "hello\n")]).await.unwrap();
        let part = server.add("part", &[("part.txt", "part\n")]).await.unwrap();
        let nested = server.add("nested", &[("one.txt", "1\n"), ("two.txt", "2\n")]).await.unwrap();
        server.add_submodule("nested", "inner", &part).await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        git(folder.path(), &["clone", "--quiet", "--recursive", &nested, "copy"]).await.unwrap();
        let copy = folder.path().join("copy");
        assert_eq!(git(&copy, &["rev-list", "--count", "HEAD"]).await.unwrap(), "3", "a commit each");
        assert_eq!(std::fs::read_to_string(copy.join("inner/part.txt")).unwrap(), "part\n");
    }
}
