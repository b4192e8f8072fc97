//! The cluster agent token, from its Secret.

use async_trait::async_trait;
use bk_agent_api::AgentToken;
use k8s_runtime::{Runtime, SecretRead};
use podspec_builder::AGENT_TOKEN_KEY;

use super::{TokenSource, error_chain};

/// The key of a Secret in the controller's namespace.
pub struct SecretToken {
    /// Where the Secret is.
    pub runtime: Runtime,
    /// Its name.
    pub secret: String,
}

#[async_trait]
impl TokenSource for SecretToken {
    fn place(&self) -> String {
        format!("the Secret `{}` in the namespace `{}`", self.secret, self.runtime.namespace())
    }

    async fn read(&self) -> Result<AgentToken, String> {
        let (secret, namespace) = (&self.secret, self.runtime.namespace());
        let place = self.place();
        match self.runtime.read_secret_key(secret, AGENT_TOKEN_KEY).await {
            Ok(SecretRead::Found(text)) => AgentToken::new(text.reveal())
                .map_err(|error| format!("{place} holds no usable token under `{AGENT_TOKEN_KEY}`: {error}")),
            Ok(SecretRead::NoSecret) => Err(format!(
                "there is no {}; create it: kubectl -n {namespace} create secret generic {secret} \
                 --from-literal={AGENT_TOKEN_KEY}=<token of your cluster>",
                place.trim_start_matches("the ")
            )),
            Ok(SecretRead::NoKey) => Err(format!(
                "{place} lacks the key `{AGENT_TOKEN_KEY}`; put the token of your cluster under it"
            )),
            Err(error) => Err(format!("cannot read {place}: {}", error_chain(&error))),
        }
    }
}
