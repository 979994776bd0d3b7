mod attacks;
mod conditions;
mod idp;
mod metadata;
mod signatures;
