//! Tags of users, roles, policies and providers.

use std::collections::BTreeSet;

use identity::{Tag, has_duplicate_keys, remove_tags, set_tags};
use plane::Error;
use wire::{Input, Output};

use crate::errors::invalid_input;
use crate::paging::Paging;
use crate::quotas;

/// A tag on its way in.
#[derive(Input, Debug, Clone)]
pub(crate) struct TagInput {
    key: String,
    value: String,
}

/// A tag on its way out.
#[derive(Output, Debug)]
pub(crate) struct TagView {
    key: String,
    value: String,
}

/// A page of tags.
#[derive(Output, Debug)]
pub(crate) struct TagPage {
    tags: Vec<TagView>,
    is_truncated: bool,
    marker: Option<String>,
}

/// Whether keys that differ by case only are the same (IAM User Guide, "Tags for AWS Identity
/// and Access Management resources").
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Case {
    /// They are, as for users and roles.
    Ignored,
    /// They differ, as for all else.
    Told,
}

/// The tags of a request, as records keep them.
pub(crate) fn requested(input: &[TagInput]) -> Vec<Tag> {
    let tag = |tag: &TagInput| Tag {
        key: tag.key.clone(),
        value: tag.value.clone(),
    };
    input.iter().map(tag).collect()
}

/// The tags of a request, or why they cannot be set. Keys under `aws:` are AWS's own: a
/// policy may trust what they say.
pub(crate) fn checked(input: &[TagInput], case: Case) -> Result<Vec<Tag>, Error> {
    let tags = requested(input);
    if tags.iter().any(Tag::is_reserved) {
        return Err(invalid_input(match case {
            Case::Ignored => "aws: prefixed tag key names are not allowed for external use.",
            Case::Told => "Tag keys beginning with aws: are reserved for system use.",
        }));
    }
    match case {
        Case::Ignored if has_duplicate_keys(&tags) => Err(invalid_input(
            "Duplicate tag keys found. Please note that Tag keys are case insensitive.",
        )),
        Case::Told if has_equal_keys(&tags) => Err(invalid_input("Duplicate tag keys found.")),
        Case::Ignored | Case::Told => Ok(tags),
    }
}

fn has_equal_keys(tags: &[Tag]) -> bool {
    let keys: BTreeSet<&str> = tags.iter().map(|tag| tag.key.as_str()).collect();
    keys.len() < tags.len()
}

/// Tags in the order in which AWS shows those of policies: shorter keys first.
pub(crate) fn ordered(mut tags: Vec<Tag>) -> Vec<Tag> {
    tags.sort_by(|one, other| (one.key.len(), &one.key).cmp(&(other.key.len(), &other.key)));
    tags
}

/// Sets tags beside those that are held. There has to be one.
pub(crate) fn add(held: &mut Vec<Tag>, input: &[TagInput], case: Case) -> Result<(), Error> {
    if input.is_empty() {
        return Err(invalid_input(
            "The provided tag map must not be null/empty.",
        ));
    }
    let new = checked(input, case)?;
    match case {
        Case::Ignored => set_tags(held, &new),
        Case::Told => {
            held.retain(|tag| !new.iter().any(|new| new.key == tag.key));
            held.extend(new);
            *held = ordered(std::mem::take(held));
        }
    }
    if u64::try_from(held.len()).is_ok_and(|count| count <= quotas::TAGS) {
        return Ok(());
    }
    Err(Error::new("LimitExceeded").say("The number of tags has reached the maximum limit."))
}

/// Takes tags away. A key that is not held is no error; to name none is one, but for users and
/// roles.
pub(crate) fn remove(held: &mut Vec<Tag>, keys: &[String], case: Case) -> Result<(), Error> {
    match case {
        Case::Ignored => remove_tags(held, keys),
        Case::Told if keys.is_empty() => {
            return Err(invalid_input(
                "The provided tag keys must not be null/empty.",
            ));
        }
        Case::Told => held.retain(|tag| !keys.contains(&tag.key)),
    }
    Ok(())
}

/// Tags as they are shown.
pub(crate) fn shown(tags: &[Tag]) -> Vec<TagView> {
    let view = |tag: &Tag| TagView {
        key: tag.key.clone(),
        value: tag.value.clone(),
    };
    tags.iter().map(view).collect()
}

/// Tags as they are shown where none means no list at all.
pub(crate) fn shown_if_any(tags: &[Tag]) -> Option<Vec<TagView>> {
    (!tags.is_empty()).then(|| shown(tags))
}

/// A page of tags.
pub(crate) fn page(tags: &[Tag], paging: Paging<'_>) -> Result<TagPage, Error> {
    let page = paging.of(shown(tags))?;
    Ok(TagPage {
        is_truncated: page.is_truncated(),
        tags: page.items,
        marker: page.marker,
    })
}
