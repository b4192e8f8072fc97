//! Kubernetes in memory: the objects that this stack uses, the API that serves them, the Job controller, and a
//! kubelet that plays pods by script, over a pure core.
//!
//! What it refuses to do: everything that the stack does not use. An unknown path answers 404 as the real API
//! does, and strategic merge patches answer 415. It is no substitute for a real control plane: the same suite
//! of API behaviours runs against both.
