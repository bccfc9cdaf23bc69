//! Every message of a YAML manifest, as a person sees it.

mod data;
mod limits;
mod lists;
mod names;
mod prompts;
mod settings;
mod templates;

use super::*;

fn errors(text: &str) -> String {
    super::errors("spring.yaml", format!("version: 1\n{text}"))
}

fn of_entry(text: &str) -> String {
    errors(&format!("prompts:\n{text}"))
}

fn warnings_of_entry(text: &str) -> String {
    warnings("spring.yaml", &format!("version: 1\nprompts:\n{text}"))
}

fn beside(data: &[u8], text: &str) -> String {
    let mut load = |path: &Path| match path.file_name().and_then(|name| name.to_str()) {
        Some("products.csv") => Ok(data.to_vec()),
        Some("folder") => Err(LoadError::Unreadable("it is a folder".to_owned())),
        _ => Err(LoadError::Missing(Some("products.csv".to_owned()))),
    };
    match parse_with(Path::new("spring.yaml"), text.as_bytes(), ReadOptions::default(), &mut load) {
        Ok(manifest) => Renderer::plain().all(&manifest.warnings),
        Err(problems) => Renderer::plain().all(&problems),
    }
}
