//! A namespace per scenario, with the controller's ServiceAccount, Role and token Secret in it.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use base64::Engine as _;
use k8s_openapi::api::authentication::v1::TokenRequest;
use k8s_openapi::api::core::v1::{Namespace as KubeNamespace, Secret, ServiceAccount};
use k8s_openapi::api::rbac::v1::{Role, RoleBinding};
use kube::api::{DeleteParams, PostParams};
use kube::{Api, Client};
use serde_json::{Value, json};

use crate::role;
use crate::testbed::Testbed;

/// Name of the Secret with the agent token; the controller's default.
pub const TOKEN_SECRET: &str = "buildkite-agent-token";
/// Name of ServiceAccount, Role and RoleBinding.
const CONTROLLER: &str = "controller";

/// A namespace of one scenario.
pub struct Namespace {
    /// Its name, unique per run.
    pub name: String,
    /// A client with every right.
    pub admin: Client,
    kubeconfig: PathBuf,
    // Goes with the value.
    _folder: tempfile::TempDir,
}

impl Namespace {
    /// Makes a namespace whose controller may do what controller-config 12.4 lists, and signs in
    /// to Buildkite with `agent_token`.
    ///
    /// # Errors
    /// When the cluster refuses something.
    pub async fn create(testbed: &Testbed, scenario: &str, agent_token: &str) -> Result<Self> {
        let admin = testbed.admin().await;
        let unique = uuid::Uuid::new_v4().simple().to_string();
        let name = format!("{scenario}-{}", &unique[..8]);
        let namespaces: Api<KubeNamespace> = Api::all(admin.clone());
        post(&namespaces, &json!({ "metadata": { "name": name } })).await?;
        let folder = tempfile::tempdir().context("no temporary folder")?;
        let namespace = Self { kubeconfig: folder.path().join("kubeconfig"), name, admin, _folder: folder };
        namespace.set_agent_token(agent_token).await?;
        namespace.grant().await?;
        let token = namespace.service_account_token().await?;
        namespace.write_kubeconfig(testbed, &token).await?;
        Ok(namespace)
    }

    /// An API of this namespace, with every right.
    #[must_use]
    pub fn api<K>(&self) -> Api<K>
    where
        K: kube::Resource<Scope = k8s_openapi::NamespaceResourceScope>,
        K::DynamicType: Default,
    {
        Api::namespaced(self.admin.clone(), &self.name)
    }

    /// Kubeconfig with the controller's rights only.
    #[must_use]
    pub fn kubeconfig(&self) -> &Path {
        &self.kubeconfig
    }

    /// Writes or replaces the Secret with the agent token.
    ///
    /// # Errors
    /// When the cluster refuses it.
    pub async fn set_agent_token(&self, token: &str) -> Result<()> {
        let secrets = self.api::<Secret>();
        let secret = json!({
            "metadata": { "name": TOKEN_SECRET },
            "stringData": { "BUILDKITE_AGENT_TOKEN": token },
        });
        if secrets.get_opt(TOKEN_SECRET).await?.is_some() {
            secrets.delete(TOKEN_SECRET, &DeleteParams::default()).await?;
        }
        post(&secrets, &secret).await
    }

    /// Removes the Secret with the agent token.
    ///
    /// # Errors
    /// When the cluster refuses it.
    pub async fn delete_agent_token(&self) -> Result<()> {
        self.api::<Secret>().delete(TOKEN_SECRET, &DeleteParams::default()).await?;
        Ok(())
    }

    /// Deletes the namespace with all it holds; does not wait for the end.
    ///
    /// # Errors
    /// When the cluster refuses it.
    pub async fn delete(self) -> Result<()> {
        let namespaces: Api<KubeNamespace> = Api::all(self.admin.clone());
        namespaces.delete(&self.name, &DeleteParams::background()).await?;
        Ok(())
    }

    /// ServiceAccount, Role and RoleBinding.
    async fn grant(&self) -> Result<()> {
        let metadata = json!({ "name": CONTROLLER });
        post(&self.api::<ServiceAccount>(), &json!({ "metadata": metadata })).await?;
        let role = json!({ "metadata": metadata, "rules": role::rules(TOKEN_SECRET) });
        post(&self.api::<Role>(), &role).await?;
        let binding = json!({
            "metadata": metadata,
            "roleRef": { "apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": CONTROLLER },
            "subjects": [
                { "kind": "ServiceAccount", "name": CONTROLLER, "namespace": self.name },
            ],
        });
        post(&self.api::<RoleBinding>(), &binding).await
    }

    /// A token of the ServiceAccount that outlives every scenario.
    async fn service_account_token(&self) -> Result<String> {
        let request: TokenRequest = serde_json::from_value(
            json!({ "metadata": {}, "spec": { "audiences": [], "expirationSeconds": 7200 } }),
        )?;
        let answer = self
            .api::<ServiceAccount>()
            .create_token_request(CONTROLLER, &PostParams::default(), &request)
            .await
            .context("no token for the controller")?;
        answer.status.and_then(|status| status.token).context("a token request without an answer")
    }

    /// Writes a kubeconfig that knows only the token.
    async fn write_kubeconfig(&self, testbed: &Testbed, token: &str) -> Result<()> {
        let config = testbed.admin_config().await;
        let authority: String =
            config.root_cert.iter().flatten().map(|certificate| pem(certificate)).collect();
        let kubeconfig = json!({
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "test",
            "contexts": [{
                "name": "test",
                "context": { "cluster": "test", "user": "test", "namespace": self.name },
            }],
            "clusters": [{
                "name": "test",
                "cluster": {
                    "server": config.cluster_url.to_string().trim_end_matches('/'),
                    "certificate-authority-data": base64(authority.as_bytes()),
                },
            }],
            "users": [{ "name": "test", "user": { "token": token } }],
        });
        std::fs::write(&self.kubeconfig, kubeconfig.to_string()).context("cannot write a kubeconfig")
    }
}

/// Creates one object from its JSON.
async fn post<K>(api: &Api<K>, object: &Value) -> Result<()>
where
    K: kube::Resource + Clone + std::fmt::Debug + serde::Serialize + serde::de::DeserializeOwned,
{
    let typed: K =
        serde_json::from_value(object.clone()).with_context(|| format!("not a valid object: {object}"))?;
    api.create(&PostParams::default(), &typed).await.with_context(|| format!("cannot create {object}"))?;
    Ok(())
}

/// Standard base64.
fn base64(bytes: &[u8]) -> String {
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

/// A certificate as kubeconfigs carry it.
fn pem(der: &[u8]) -> String {
    let text = base64(der);
    let lines: Vec<&str> =
        text.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).expect("base64 is ASCII")).collect();
    format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", lines.join("\n"))
}
