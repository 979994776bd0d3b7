//! One field: how it is claimed, read and written.

use proc_macro2::TokenStream as Tokens;
use quote::quote;
use syn::{Error, Field, GenericArgument, Ident, PathArguments, Result, Type};

use crate::attributes::FieldAttributes;

pub(crate) struct WireField {
    ident: Ident,
    member: String,
    ty: Type,
    attributes: FieldAttributes,
}

/// Where a text type stands in its field's type.
enum Around<'t> {
    Nothing(&'t Type),
    Option(&'t Type),
    Vec(&'t Type),
    OptionVec(&'t Type),
}

impl WireField {
    pub(crate) fn read(field: &Field, camel: bool) -> Result<Self> {
        let attributes = FieldAttributes::read(&field.attrs)?;
        let ident = field
            .ident
            .clone()
            .ok_or_else(|| Error::new_spanned(field, "members have names"))?;
        let member = match &attributes.name {
            Some(name) => name.value(),
            None => member_name(&ident.to_string(), camel),
        };
        Ok(Self {
            ident,
            member,
            ty: field.ty.clone(),
            attributes,
        })
    }

    /// The type that reads and writes the field.
    fn wire_type(&self) -> Tokens {
        let ty = &self.ty;
        if !self.attributes.text {
            return quote!(#ty);
        }
        match around(ty) {
            Around::Nothing(ty) => quote!(::wire::Text<#ty>),
            Around::Option(ty) => quote!(::std::option::Option<::wire::Text<#ty>>),
            Around::Vec(ty) => quote!(::std::vec::Vec<::wire::Text<#ty>>),
            Around::OptionVec(ty) => {
                quote!(::std::option::Option<::std::vec::Vec<::wire::Text<#ty>>>)
            }
        }
    }

    pub(crate) fn input_claim(&self) -> Tokens {
        let (member, wire) = (&self.member, self.wire_type());
        let bears = self.attributes.default || self.attributes.required;
        quote! {
            ::wire::Claim {
                name: #member,
                fit: <#wire as ::wire::FromValue>::FIT,
                optional: #bears || <#wire as ::wire::FromValue>::OPTIONAL,
            }
        }
    }

    pub(crate) fn output_claim(&self) -> Tokens {
        let (member, wire) = (&self.member, self.wire_type());
        quote! {
            ::wire::Claim { name: #member, fit: <#wire as ::wire::ToValue>::FIT, optional: true }
        }
    }

    pub(crate) fn take(&self) -> Tokens {
        let (ident, member, wire) = (&self.ident, &self.member, self.wire_type());
        let taken = if self.attributes.default {
            quote!(::wire::typed::take::<::std::option::Option<#wire>>(&mut structure, #member)?)
        } else {
            quote!(::wire::typed::take::<#wire>(&mut structure, #member)?)
        };
        let unwrapped = |whole: Tokens| match (self.attributes.text, around(&self.ty)) {
            (false, _) => whole,
            (true, Around::Nothing(_)) => quote!(#whole.0),
            (true, Around::Option(_)) => quote!(#whole.map(|text| text.0)),
            (true, Around::Vec(_)) => quote!(#whole.into_iter().map(|text| text.0).collect()),
            (true, Around::OptionVec(_)) => {
                quote!(#whole.map(|texts| texts.into_iter().map(|text| text.0).collect()))
            }
        };
        if self.attributes.default {
            let inner = unwrapped(quote!(present));
            return quote! {
                #ident: match #taken {
                    ::std::option::Option::Some(present) => #inner,
                    ::std::option::Option::None => ::std::default::Default::default(),
                }
            };
        }
        let whole = unwrapped(taken);
        quote!(#ident: #whole)
    }

    pub(crate) fn put(&self) -> Tokens {
        let (ident, member) = (&self.ident, &self.member);
        let value = match (self.attributes.text, around(&self.ty)) {
            (false, _) => quote!(self.#ident),
            (true, Around::Nothing(_)) => quote!(::wire::Text(self.#ident)),
            (true, Around::Option(_)) => quote!(self.#ident.map(::wire::Text)),
            (true, Around::Vec(_)) => {
                quote!(self.#ident.into_iter().map(::wire::Text).collect::<::std::vec::Vec<_>>())
            }
            (true, Around::OptionVec(_)) => quote! {
                self.#ident.map(|texts| texts.into_iter().map(::wire::Text).collect::<::std::vec::Vec<_>>())
            },
        };
        quote!(::wire::typed::put(&mut structure, #member, #value);)
    }
}

fn around(ty: &Type) -> Around<'_> {
    match argument(ty, "Option") {
        Some(inner) => match argument(inner, "Vec") {
            Some(innermost) => Around::OptionVec(innermost),
            None => Around::Option(inner),
        },
        None => match argument(ty, "Vec") {
            Some(inner) => Around::Vec(inner),
            None => Around::Nothing(ty),
        },
    }
}

/// `T` of `Wrapper<T>`, by name: a derive sees no types.
fn argument<'t>(ty: &'t Type, wrapper: &str) -> Option<&'t Type> {
    let Type::Path(path) = ty else { return None };
    let last = path.path.segments.last()?;
    let PathArguments::AngleBracketed(arguments) = &last.arguments else {
        return None;
    };
    match arguments.args.first()? {
        GenericArgument::Type(inner) if last.ident == wrapper => Some(inner),
        _ => None,
    }
}

/// `role_name` is `RoleName`, or `roleName`.
fn member_name(field: &str, camel: bool) -> String {
    let mut name = String::new();
    for (at, word) in field
        .trim_start_matches("r#")
        .split('_')
        .filter(|word| !word.is_empty())
        .enumerate()
    {
        let mut letters = word.chars();
        match letters.next() {
            Some(first) if at > 0 || !camel => name.extend(first.to_uppercase().chain(letters)),
            Some(first) => name.extend(std::iter::once(first).chain(letters)),
            None => {}
        }
    }
    name
}
