//! A repository that asks for a name and a password.

use std::net::IpAddr;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, Result};
use axum::Router;
use axum::body::Body;
use axum::extract::State;
use base64::Engine as _;
use http::{HeaderMap, Response, StatusCode, Uri, header};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use super::{git, make_repository};

/// A repository served over HTTP as plain files, which git can read; ends when dropped.
pub struct PrivateRepository {
    /// What a pipeline gives as its repository; it holds no password.
    pub url: String,
    /// Where it is served, `address:port`.
    pub authority: String,
    task: JoinHandle<()>,
    _folder: tempfile::TempDir,
}

/// What the server needs to answer.
struct Served {
    folder: PathBuf,
    /// The only value of `Authorization` that is let in.
    authorization: String,
}

impl PrivateRepository {
    /// Serves a repository that holds these files (path, content) to whoever gives `credentials`, `name:password`.
    ///
    /// # Errors
    /// When git refuses something, or the address is not one of this machine.
    pub async fn start(address: IpAddr, credentials: &str, files: &[(&str, &str)]) -> Result<Self> {
        let folder = tempfile::tempdir().context("no temporary folder")?;
        make_repository(&folder.path().join("work"), files).await?;
        git(folder.path(), &["clone", "--quiet", "--bare", "work", "private"]).await?;
        git(&folder.path().join("private"), &["update-server-info"]).await?;
        let listener =
            TcpListener::bind((address, 0)).await.with_context(|| format!("cannot listen on {address}"))?;
        let authority = listener.local_addr().context("a listener has an address")?.to_string();
        let encoded = base64::engine::general_purpose::STANDARD.encode(credentials);
        let served = Served { folder: folder.path().to_owned(), authorization: format!("Basic {encoded}") };
        let router = Router::new().fallback(answer).with_state(Arc::new(served));
        let task = tokio::spawn(async move {
            axum::serve(listener, router).await.expect("serving does not end by itself");
        });
        Ok(Self { url: format!("http://{authority}/private"), authority, task, _folder: folder })
    }
}

impl Drop for PrivateRepository {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn answer(State(served): State<Arc<Served>>, headers: HeaderMap, uri: Uri) -> Response<Body> {
    let given = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let response = Response::builder();
    let answer = if given != Some(&served.authorization) {
        let realm = r#"Basic realm="repository""#;
        response.status(StatusCode::UNAUTHORIZED).header(header::WWW_AUTHENTICATE, realm).body(Body::empty())
    } else {
        match file(&served.folder, uri.path()) {
            Some(content) => response.body(Body::from(content)),
            None => response.status(StatusCode::NOT_FOUND).body(Body::empty()),
        }
    };
    answer.expect("the parts of the answer are valid")
}

/// A file below the folder, and none beside it.
fn file(folder: &Path, path: &str) -> Option<Vec<u8>> {
    let path = Path::new(path.trim_start_matches('/'));
    let is_below = path.components().all(|part| matches!(part, Component::Normal(_)));
    is_below.then(|| std::fs::read(folder.join(path)).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    #[tokio::test]
    async fn only_the_password_opens_it() {
        let files = [("hello.txt", "for members\n")];
        let server = PrivateRepository::start(Ipv4Addr::LOCALHOST.into(), "ci:sesame", &files).await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        git(folder.path(), &["clone", "--quiet", &server.url, "refused"]).await.unwrap_err();
        let open = format!("http://ci:sesame@{}/private", server.authority);
        git(folder.path(), &["clone", "--quiet", &open, "copy"]).await.unwrap();
        let text = std::fs::read_to_string(folder.path().join("copy/hello.txt")).unwrap();
        assert_eq!(text, "for members\n");
        assert_eq!(file(folder.path(), "/../x"), None);
    }
}
