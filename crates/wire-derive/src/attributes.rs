//! The `#[wire(…)]` attributes.

use syn::{Attribute, Error, LitStr, Result, Token};

/// What stands on the struct.
#[derive(Default)]
pub(crate) struct StructAttributes {
    pub(crate) camel: bool,
    pub(crate) ignores: Vec<LitStr>,
}

impl StructAttributes {
    pub(crate) fn read(attributes: &[Attribute]) -> Result<Self> {
        let mut found = Self::default();
        for attribute in attributes
            .iter()
            .filter(|attribute| attribute.path().is_ident("wire"))
        {
            attribute.parse_nested_meta(|meta| {
                if meta.path.is_ident("case") {
                    let case: LitStr = meta.value()?.parse()?;
                    found.camel = match case.value().as_str() {
                        "camel" => true,
                        "pascal" => false,
                        _ => return Err(Error::new_spanned(case, "`camel` or `pascal`")),
                    };
                    return Ok(());
                }
                if meta.path.is_ident("ignores") {
                    let list;
                    syn::parenthesized!(list in meta.input);
                    while !list.is_empty() {
                        let member: LitStr = list.parse()?;
                        list.parse::<Token![=]>()?;
                        let reason: LitStr = list.parse()?;
                        if reason.value().trim().is_empty() {
                            return Err(Error::new_spanned(
                                reason,
                                "say why the member is not read",
                            ));
                        }
                        found.ignores.push(member);
                        if !list.is_empty() {
                            list.parse::<Token![,]>()?;
                        }
                    }
                    return Ok(());
                }
                Err(meta.error("`case` or `ignores`"))
            })?;
        }
        Ok(found)
    }
}

/// What stands on a field.
#[derive(Default)]
pub(crate) struct FieldAttributes {
    pub(crate) name: Option<LitStr>,
    pub(crate) text: bool,
    pub(crate) default: bool,
    pub(crate) required: bool,
}

impl FieldAttributes {
    pub(crate) fn read(attributes: &[Attribute]) -> Result<Self> {
        let mut found = Self::default();
        for attribute in attributes
            .iter()
            .filter(|attribute| attribute.path().is_ident("wire"))
        {
            attribute.parse_nested_meta(|meta| {
                if meta.path.is_ident("name") {
                    found.name = Some(meta.value()?.parse()?);
                } else if meta.path.is_ident("text") {
                    found.text = true;
                } else if meta.path.is_ident("default") {
                    found.default = true;
                } else if meta.path.is_ident("required") {
                    found.required = true;
                } else {
                    return Err(meta.error("`name`, `text`, `default` or `required`"));
                }
                Ok(())
            })?;
        }
        Ok(found)
    }
}
