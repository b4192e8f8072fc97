//! Configurations from files; nothing is sent.

use std::num::NonZeroU32;

use super::*;
use crate::runtime::Runtime;

const KUBECONFIG: &str = r#"
apiVersion: v1
kind: Config
current-context: plain
contexts:
- {name: plain, context: {cluster: plain, user: u, namespace: from-context}}
- {name: behind, context: {cluster: behind, user: u}}
clusters:
- {name: plain, cluster: {server: "https://k8s.example.test:6443"}}
- {name: behind, cluster: {server: "https://k8s.example.test:6443", proxy-url: "http://own.test:1"}}
users:
- {name: u, user: {token: hunter2}}
"#;

async fn load_with(change: impl FnOnce(&mut Options)) -> Result<Config, ConnectError> {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), KUBECONFIG).unwrap();
    let mut options = Options { kubeconfig: Some(file.path().to_owned()), ..Options::default() };
    change(&mut options);
    load(&options).await
}

fn proxied(no_proxy: &str) -> ProxyEnvironment {
    ProxyEnvironment {
        https_proxy: Some("http://env.test:3128".to_owned()),
        http_proxy: None,
        no_proxy: Some(no_proxy.to_owned()),
    }
}

#[tokio::test]
async fn context_and_namespace_are_chosen() {
    let config = load_with(|_| ()).await.unwrap();
    assert_eq!(config.default_namespace, "from-context");
    assert!(!config.default_retry, "a retried create would be its own conflict");
    let (name, value) = &config.headers[0];
    assert_eq!(
        (name.as_str(), value.to_str().unwrap().split('/').next()),
        ("user-agent", Some("agent-stack-k8s"))
    );
    let config = load_with(|options| options.namespace = Some("ci".to_owned())).await.unwrap();
    assert_eq!(config.default_namespace, "ci");
    let config = load_with(|options| options.context = Some("behind".to_owned())).await.unwrap();
    assert_eq!(config.default_namespace, "default");
}

#[tokio::test]
async fn proxies_are_chosen_by_the_servers_name() {
    let proxy = async |context: &str, environment: ProxyEnvironment| {
        let config = load_with(|options| {
            options.context = Some(context.to_owned());
            options.proxy = environment;
        });
        config.await.unwrap().proxy_url.map(|url| url.to_string())
    };
    let none = ProxyEnvironment::default();
    assert_eq!(proxy("plain", none.clone()).await, None);
    assert_eq!(proxy("plain", proxied("")).await.as_deref(), Some("http://env.test:3128/"));
    assert_eq!(proxy("plain", proxied(".example.test")).await, None);
    assert_eq!(proxy("plain", proxied("env.test")).await.as_deref(), Some("http://env.test:3128/"));
    assert_eq!(proxy("behind", none).await.as_deref(), Some("http://own.test:1/"));
    assert_eq!(proxy("behind", proxied("*")).await.as_deref(), Some("http://own.test:1/"));
}

#[tokio::test]
async fn what_was_named_and_cannot_be_used_is_an_error() {
    let missing = Options { kubeconfig: Some("/nonexistent/kubeconfig".into()), ..Options::default() };
    assert!(matches!(load(&missing).await, Err(ConnectError::Kubeconfig(_))));
    let context = load_with(|options| options.context = Some("elsewhere".to_owned())).await;
    assert!(matches!(context, Err(ConnectError::Kubeconfig(_))));
    let secret = ProxyEnvironment { https_proxy: Some("http://u:hunter2@ x".to_owned()), ..proxied("") };
    let error = load_with(|options| options.proxy = secret).await.unwrap_err();
    assert!(!format!("{error} {error:?}").contains("hunter2"), "{error:?}");
    let agent = load_with(|options| options.user_agent = "a\nb".to_owned()).await;
    assert!(matches!(agent, Err(ConnectError::UserAgent(_))));
}

#[tokio::test]
async fn a_runtime_knows_its_namespace_and_hides_its_client() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), KUBECONFIG.replace("https", "http")).unwrap();
    let number = |n| NonZeroU32::new(n).unwrap();
    let options = Options {
        kubeconfig: Some(file.path().to_owned()),
        rate: Some(RequestRate { per_second: number(10), burst: number(20) }),
        ..Options::default()
    };
    let runtime = Runtime::connect(&options).await.unwrap();
    assert_eq!(runtime.namespace(), "from-context");
    assert!(!format!("{runtime:?}").contains("hunter2"));
}
