//! Finds `.rs` files that no `mod` leads to: they compile into nothing and rot unseen.

use std::collections::BTreeSet;
use std::path::Path;

/// The Rust files among `paths` that no target of a package reaches.
pub(super) fn lost(root: &Path, paths: &[&str]) -> Vec<String> {
    let all: BTreeSet<&str> = paths
        .iter()
        .copied()
        .filter(|path| path.ends_with(".rs"))
        .collect();
    let mut waiting: Vec<&str> = all.iter().copied().filter(|path| is_root(path)).collect();
    let mut reached: BTreeSet<&str> = waiting.iter().copied().collect();
    while let Some(path) = waiting.pop() {
        let Ok(text) = std::fs::read_to_string(root.join(path)) else {
            continue;
        };
        for child in children(path, &text) {
            if let Some(found) = all.get(child.as_str())
                && reached.insert(found)
            {
                waiting.push(found);
            }
        }
    }
    all.difference(&reached)
        .map(|path| format!("{path}: no `mod` includes it"))
        .collect()
}

/// Files where cargo starts to compile.
fn is_root(path: &str) -> bool {
    let mut parts = path.rsplit('/');
    let file = parts.next().unwrap_or("");
    let folder = parts.next().unwrap_or("");
    match file {
        "lib.rs" => folder == "src",
        "main.rs" => true,
        "build.rs" => folder != "src",
        // Files directly in these folders are targets, folders in them are modules.
        _ => match folder {
            "tests" | "benches" | "examples" => {
                parts.next() != Some("src") && !path.contains("/src/")
            }
            "bin" | "fuzz_targets" => true,
            _ => false,
        },
    }
}

/// The files that the text of the file `path` may include, whether they exist or not.
fn children(path: &str, text: &str) -> Vec<String> {
    let (folder, file) = path.rsplit_once('/').unwrap_or(("", path));
    // `mod x;` in `a/b.rs` means `a/b/x.rs`, but in `a/mod.rs` or a target's root `a/x.rs`.
    let own = if file == "mod.rs" || is_root(path) {
        folder.to_owned()
    } else {
        format!("{folder}/{}", file.trim_end_matches(".rs"))
    };
    let mut found = Vec::new();
    let mut named: Option<String> = None;
    for line in text.lines().map(str::trim) {
        if let Some(name) = quoted_after(line, "#[path = \"") {
            named = Some(normal(&format!("{folder}/{name}")));
        }
        if let Some(name) = quoted_after(line, "include!(\"") {
            found.push(normal(&format!("{folder}/{name}")));
        }
        if let Some(name) = declared(line) {
            match named.take() {
                Some(file) => found.push(file),
                None => {
                    found.push(format!("{own}/{name}.rs"));
                    found.push(format!("{own}/{name}/mod.rs"));
                }
            }
        }
    }
    found
}

/// The name in `mod name;`, whatever stands before `mod`.
fn declared(line: &str) -> Option<&str> {
    let (before, after) = line.split_once("mod ")?;
    let visible = before.is_empty() || before.ends_with(' ');
    let name = after.split(';').next()?;
    let whole = after.contains(';') && name.chars().all(|c| c.is_alphanumeric() || c == '_');
    (visible && whole && !line.starts_with("//")).then_some(name)
}

fn quoted_after<'a>(line: &'a str, start: &str) -> Option<&'a str> {
    let (_, after) = line.split_once(start)?;
    after.split('"').next()
}

/// `a/b/../c` is `a/c`.
fn normal(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            ".." => {
                parts.pop();
            }
            "." | "" => {}
            _ => parts.push(part),
        }
    }
    parts.join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modules_are_looked_for_where_rust_looks_for_them() {
        assert_eq!(
            children("c/src/lib.rs", "mod a;"),
            ["c/src/a.rs", "c/src/a/mod.rs"]
        );
        assert_eq!(
            children("c/src/b.rs", "pub mod a;"),
            ["c/src/b/a.rs", "c/src/b/a/mod.rs"]
        );
        assert_eq!(
            children("c/src/b/mod.rs", "mod a;"),
            ["c/src/b/a.rs", "c/src/b/a/mod.rs"]
        );
        assert_eq!(
            children("c/src/b.rs", "#[path = \"../x.rs\"]\nmod a;"),
            ["c/x.rs"]
        );
        assert_eq!(children("c/src/b.rs", "// mod a;\nmod b {").len(), 0);
    }

    #[test]
    fn targets_of_cargo_are_roots() {
        for path in [
            "c/src/lib.rs",
            "c/src/main.rs",
            "c/tests/a.rs",
            "c/benches/a.rs",
            "c/src/bin/a.rs",
        ] {
            assert!(is_root(path), "{path}");
        }
        for path in [
            "c/src/a.rs",
            "c/tests/common/mod.rs",
            "c/src/a/lib.rs",
            "c/src/tests/a.rs",
        ] {
            assert!(!is_root(path), "{path}");
        }
    }
}
