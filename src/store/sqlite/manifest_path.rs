//! Where the manifest of a state is, as the state records it: from the state's folder where it is
//! below it, so that a folder can be moved with everything in it, else absolute.

use std::path::{Component, Path, PathBuf};

/// The path of a manifest as the state at `state` records it, found through symlinks. `None` where
/// it is no text.
pub(super) fn recorded(state: &Path, manifest: &Path) -> Option<String> {
    let folder = folder_of(state).canonicalize().ok()?;
    let real = manifest.canonicalize().or_else(|_| std::path::absolute(manifest)).ok()?;
    let Ok(below) = real.strip_prefix(&folder) else { return Some(real.to_str()?.to_owned()) };
    let names: Option<Vec<&str>> = below.components().map(|name| name.as_os_str().to_str()).collect();
    Some(names?.join("/"))
}

/// The path of a manifest that the state at `state` has recorded.
pub(super) fn resolved(state: &Path, recorded: &str) -> PathBuf {
    let path = Path::new(recorded);
    if path.is_absolute() {
        return path.to_owned();
    }
    let names = path.components().filter(|name| matches!(name, Component::Normal(_)));
    state.with_file_name("").join(names.collect::<PathBuf>())
}

fn folder_of(state: &Path) -> &Path {
    state.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manifest_is_recorded_from_the_folder_of_its_state_where_it_is_below_it() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap();
        std::fs::create_dir_all(root.join("shop/spring")).unwrap();
        let elsewhere = root.join("autumn.yaml");
        for manifest in ["shop/spring.yaml", "shop/spring/a.csv", "autumn.yaml"] {
            std::fs::write(root.join(manifest), "").unwrap();
        }
        let state = root.join("shop/spring.mjbatch");
        for (manifest, expected) in [
            ("shop/spring.yaml", "spring.yaml"),
            ("shop/spring/a.csv", "spring/a.csv"),
            ("shop/spring/../spring.yaml", "spring.yaml"),
            ("shop/gone.yaml", "gone.yaml"),
            ("autumn.yaml", elsewhere.to_str().unwrap()),
        ] {
            assert_eq!(recorded(&state, &root.join(manifest)).as_deref(), Some(expected), "{manifest}");
        }
        assert_eq!(resolved(&state, "spring/a.csv"), root.join("shop/spring/a.csv"));
        assert_eq!(resolved(&state, elsewhere.to_str().unwrap()), elsewhere);
        assert_eq!(resolved(Path::new("spring.mjbatch"), "spring.yaml"), Path::new("spring.yaml"));
        assert_eq!(resolved(&state, "../../etc/x"), root.join("shop/etc/x"), "never above its folder");
    }

    #[cfg(unix)]
    #[test]
    fn a_manifest_is_recorded_under_its_own_name_and_not_that_of_a_symlink() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap();
        std::fs::write(root.join("spring.yaml"), "").unwrap();
        std::os::unix::fs::symlink("spring.yaml", root.join("link.yaml")).unwrap();
        let recorded = recorded(&root.join("link.mjbatch"), &root.join("link.yaml"));
        assert_eq!(recorded.as_deref(), Some("spring.yaml"));
    }
}
