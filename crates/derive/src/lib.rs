//! `#[derive(Leaves)]`: a Rust struct is passed as a struct of the language.
//!
//! In: a struct whose fields have leaves: numbers, slices, arrays, `Vec`s, tuples, other such structs. Out: an implementation of `adit::Leaves`, which hands its fields over in order, each by its name. The order is
//! that of the struct in the language; a name that differs is said by `#[adit(name = "…")]`.
//!
//! ```text
//! #[derive(Leaves)]                          struct Layer<m, n> {
//! struct Layer { w: Matrix, b: Vec<f64> }        w: [f64; m, n], b: [f64; m] }
//! ```
//!
//! It knows no types: whether a field fits is told when a value is passed. Enums and unions have no counterpart.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::{Data, DeriveInput, Error, Fields, Index, LitStr, Member, Result, parse_macro_input, parse_quote};

/// Implements `adit::Leaves` for a struct. Fields are handed over in order, by their names, or by what `#[adit(name = "…")]` says; those of tuple structs by their numbers, as tuples are.
#[proc_macro_derive(Leaves, attributes(adit))]
pub fn derive_leaves(input: proc_macro::TokenStream) -> proc_macro::TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    expand(input).unwrap_or_else(Error::into_compile_error).into()
}

/// A field, and what the language calls it.
struct Field {
    member: Member,
    name: String,
    ty: syn::Type,
}

fn expand(mut input: DeriveInput) -> Result<TokenStream> {
    let fields = fields(&input)?;
    for parameter in input.generics.type_params_mut() {
        parameter.bounds.push(parse_quote!(::adit::Leaves));
    }
    let (generics, arguments, bounds) = input.generics.split_for_impl();
    let name = &input.ident;
    let names: Vec<&str> = fields.iter().map(|f| f.name.as_str()).collect();
    let members: Vec<TokenStream> = fields.iter().map(|f| f.member.to_token_stream()).collect();
    let types: Vec<&syn::Type> = fields.iter().map(|f| &f.ty).collect();
    Ok(quote! {
        #[automatically_derived]
        impl #generics ::adit::Leaves for #name #arguments #bounds {
            fn read<'adit>(&'adit self, to: &mut ::adit::Pass<'adit>) {
                to.enter();
                #(to.field(#names); ::adit::Leaves::read(&self.#members, to);)*
                to.leave();
            }
            fn write<'adit>(&'adit mut self, to: &mut ::adit::Pass<'adit>) {
                to.enter();
                #(to.field(#names); ::adit::Leaves::write(&mut self.#members, to);)*
                to.leave();
            }
            fn take(&mut self, from: &mut ::adit::Take<'_>) {
                #(::adit::Leaves::take(&mut self.#members, from);)*
            }
            fn outline(to: &mut ::adit::Outline<'_>) {
                to.enter();
                #(to.field(#names); <#types as ::adit::Leaves>::outline(to);)*
                to.leave();
            }
        }
    })
}

fn fields(input: &DeriveInput) -> Result<Vec<Field>> {
    let fields = match &input.data {
        Data::Struct(data) => &data.fields,
        Data::Enum(_) | Data::Union(_) => {
            return Err(Error::new_spanned(&input.ident, "only structs are values of the language"));
        }
    };
    if matches!(fields, Fields::Unit) {
        return Err(Error::new_spanned(&input.ident, "a struct without fields holds nothing to pass"));
    }
    let field = |(i, field): (usize, &syn::Field)| {
        let (member, own) = match &field.ident {
            Some(ident) => (Member::Named(ident.clone()), ident.to_string().trim_start_matches("r#").to_owned()),
            None => (Member::Unnamed(Index::from(i)), i.to_string()),
        };
        Ok(Field { member, name: said(field)?.unwrap_or(own), ty: field.ty.clone() })
    };
    fields.iter().enumerate().map(field).collect()
}

/// The name in `#[adit(name = "…")]`.
fn said(field: &syn::Field) -> Result<Option<String>> {
    let mut name = None;
    for attribute in field.attrs.iter().filter(|a| a.path().is_ident("adit")) {
        attribute.parse_nested_meta(|meta| {
            if !meta.path.is_ident("name") {
                return Err(meta.error("expected `name = \"…\"`"));
            }
            name = Some(meta.value()?.parse::<LitStr>()?.value());
            Ok(())
        })?;
    }
    Ok(name)
}
