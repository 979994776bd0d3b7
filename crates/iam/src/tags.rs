//! Tags of users, roles, policies and providers, alike for all.

use identity::{Tag, has_duplicate_keys, remove_tags, set_tags};
use plane::Error;
use wire::{Input, Output};

use crate::errors::{invalid_input, over_quota};
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
pub(crate) fn checked(input: &[TagInput]) -> Result<Vec<Tag>, Error> {
    let tags = requested(input);
    if tags.iter().any(Tag::is_reserved) {
        return Err(invalid_input(
            "aws: prefixed tag key names are not allowed for external use.",
        ));
    }
    if has_duplicate_keys(&tags) {
        return Err(invalid_input(
            "Duplicate tag keys found. Please note that Tag keys are case insensitive.",
        ));
    }
    Ok(tags)
}

/// Sets tags beside those that are held.
pub(crate) fn add(held: &mut Vec<Tag>, input: &[TagInput]) -> Result<(), Error> {
    set_tags(held, &checked(input)?);
    if u64::try_from(held.len()).is_ok_and(|count| count <= quotas::TAGS) {
        return Ok(());
    }
    Err(over_quota("TagsPerResource", quotas::TAGS))
}

/// Takes tags away. A key that is not held is no error.
pub(crate) fn remove(held: &mut Vec<Tag>, keys: &[String]) {
    remove_tags(held, keys);
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
