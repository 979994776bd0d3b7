//! `#[derive(Input)]` and `#[derive(Output)]`: structs into and out of the wire's structures.
//!
//! A field `role_name` is the member `RoleName`; `#[wire(case = "camel")]` on the struct makes it
//! `roleName`, `#[wire(name = "SAMLProviderArn")]` on the field any other name.
//!
//! | on | attribute | what it does |
//! |---|---|---|
//! | struct | `case = "camel"` | members begin with a small letter |
//! | struct | `ignores("Member" = "reason", …)` | members of the model that are knowingly not read |
//! | field | `name = "…"` | the member's name |
//! | field | `text` | a type with `TryFrom<String>` and `Display`, also in an `Option` or `Vec` |
//! | field | `default` | `Default::default()` when the member is absent |
//! | field | `required` | must be present though the model does not say so |

mod attributes;
mod field;

use proc_macro::TokenStream;
use proc_macro2::TokenStream as Tokens;
use quote::quote;
use syn::{Data, DeriveInput, Error, Fields, Result, parse_macro_input};

use attributes::StructAttributes;
use field::WireField;

/// Reads a struct from the wire.
#[proc_macro_derive(Input, attributes(wire))]
pub fn derive_input(item: TokenStream) -> TokenStream {
    expand(&parse_macro_input!(item as DeriveInput), input)
}

/// Writes a struct to the wire.
#[proc_macro_derive(Output, attributes(wire))]
pub fn derive_output(item: TokenStream) -> TokenStream {
    expand(&parse_macro_input!(item as DeriveInput), output)
}

fn expand(
    item: &DeriveInput,
    with: fn(&DeriveInput, &StructAttributes, &[WireField]) -> Tokens,
) -> TokenStream {
    parts(item)
        .map_or_else(
            |error| error.to_compile_error(),
            |(attributes, fields)| with(item, &attributes, &fields),
        )
        .into()
}

fn parts(item: &DeriveInput) -> Result<(StructAttributes, Vec<WireField>)> {
    let attributes = StructAttributes::read(&item.attrs)?;
    let Data::Struct(data) = &item.data else {
        return Err(Error::new_spanned(
            item,
            "only structs travel as structures",
        ));
    };
    let fields = match &data.fields {
        Fields::Named(fields) => fields
            .named
            .iter()
            .map(|field| WireField::read(field, attributes.camel))
            .collect::<Result<_>>()?,
        Fields::Unit => Vec::new(),
        Fields::Unnamed(fields) => {
            return Err(Error::new_spanned(
                fields,
                "members have names: name the fields",
            ));
        }
    };
    Ok((attributes, fields))
}

fn input(item: &DeriveInput, attributes: &StructAttributes, fields: &[WireField]) -> Tokens {
    let name = &item.ident;
    let (generics, types, bounds) = item.generics.split_for_impl();
    let claims = fields.iter().map(WireField::input_claim);
    let takes = fields.iter().map(WireField::take);
    let ignores = &attributes.ignores;
    quote! {
        #[automatically_derived]
        impl #generics ::wire::Input for #name #types #bounds {
            const MEMBERS: &'static [::wire::Claim] = &[#(#claims),*];
            const IGNORES: &'static [&'static str] = &[#(#ignores),*];

            fn from_members(
                mut structure: ::wire::Structure,
            ) -> ::std::result::Result<Self, ::wire::Misfit> {
                let _ = &mut structure;
                ::std::result::Result::Ok(Self { #(#takes),* })
            }
        }

        #[automatically_derived]
        impl #generics ::wire::FromValue for #name #types #bounds {
            const FIT: &'static ::wire::Fit = &::wire::Fit::Structure {
                members: <Self as ::wire::Input>::MEMBERS,
                ignores: <Self as ::wire::Input>::IGNORES,
            };

            fn from_value(value: ::wire::Value) -> ::std::result::Result<Self, ::wire::Misfit> {
                <Self as ::wire::Input>::from_members(::wire::typed::structure(value)?)
            }
        }
    }
}

fn output(item: &DeriveInput, _: &StructAttributes, fields: &[WireField]) -> Tokens {
    let name = &item.ident;
    let (generics, types, bounds) = item.generics.split_for_impl();
    let claims = fields.iter().map(WireField::output_claim);
    let puts = fields.iter().map(WireField::put);
    quote! {
        #[automatically_derived]
        impl #generics ::wire::Output for #name #types #bounds {
            const MEMBERS: &'static [::wire::Claim] = &[#(#claims),*];

            fn into_structure(self) -> ::wire::Structure {
                let mut structure = ::wire::Structure::new();
                #(#puts)*
                structure
            }
        }

        #[automatically_derived]
        impl #generics ::wire::ToValue for #name #types #bounds {
            const FIT: &'static ::wire::Fit = &::wire::Fit::Structure {
                members: <Self as ::wire::Output>::MEMBERS,
                ignores: &[],
            };

            fn into_value(self) -> ::wire::Value {
                ::wire::Value::Structure(<Self as ::wire::Output>::into_structure(self))
            }
        }
    }
}
