//! Every address of the API, as its OpenAPI description lists them.

use serde_json::Value;

/// An operation of the API.
#[derive(Clone, Debug)]
pub struct Operation {
    pub method: String,
    /// As the router writes it: `/api/v1/records/{id}`.
    pub template: String,
}

impl Operation {
    /// The path with its parameters filled in.
    pub fn path(&self, id: &str) -> String {
        let name = "nobody-of-this-name";
        let filled = self.template.replace("{id}", id).replace("{seq}", "0").replace("{name}", name);
        let filled = filled
            .replace("{plan}", "0198c0de-0000-7000-8000-000000000001")
            .replace("{number}", "0198c0de-0000-7000-8000-000000000002");
        assert!(!filled.contains('{'), "{filled}: teach the tests this parameter");
        filled
    }
}

pub fn operations() -> Vec<Operation> {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("schema/openapi.json");
    let description: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let mut operations = Vec::new();
    for (template, methods) in description["paths"].as_object().unwrap() {
        for method in methods.as_object().unwrap().keys().filter(|key| *key != "parameters") {
            operations.push(Operation { method: method.to_uppercase(), template: template.clone() });
        }
    }
    assert!(operations.len() >= 20, "{operations:?}");
    operations
}
