//! Metadata of a build (agent-protocol 8.1).

use uuid::Uuid;

use super::World;
use super::refusal::Refusal;

const VALUE_LIMIT: usize = 100 * 1024;

impl World {
    /// Sets all pairs or none.
    pub(crate) fn set_meta_data(&mut self, build: Uuid, pairs: Vec<(String, String)>) -> Result<(), Refusal> {
        for (key, value) in &pairs {
            if key.trim().is_empty() || value.is_empty() {
                return Err(Refusal::invalid("metadata needs a key and a value"));
            }
            if value.len() > VALUE_LIMIT {
                return Err(Refusal::invalid("a metadata value may have 100 KiB"));
            }
        }
        self.build_mut(build)?.meta_data.extend(pairs);
        self.touch();
        Ok(())
    }

    /// The value of a key.
    pub(crate) fn meta_data(&self, build: Uuid, key: &str) -> Result<&str, Refusal> {
        let value = self.build(build)?.meta_data.get(key);
        value.map(String::as_str).ok_or_else(|| Refusal::not_found("metadata key"))
    }
}
