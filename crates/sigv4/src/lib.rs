//! The verifier's shape; until it is built it refuses every signature.
#![allow(missing_docs, unused)]
use aws::Secret; use http::HeaderMap;
pub struct Parts<'a> { pub method: &'a str, pub path: &'a str, pub query: &'a str, pub headers: &'a HeaderMap, pub authority: Option<&'a str> }
pub struct Presented; pub struct Scope<'a> { pub date: &'a str, pub region: &'a str, pub service: &'a str }
impl Presented { pub fn access_key_id(&self)->&str{""} pub fn session_token(&self)->Option<&str>{None} pub fn scope(&self)->Option<Scope<'_>>{None} }
#[derive(Debug)] pub struct Verified; impl Verified { pub fn check_body(&self,b:&[u8])->Result<(),Refusal>{Ok(())} }
#[derive(Debug, thiserror::Error)] #[error("x")] pub struct Refusal;
pub struct Answer { pub code: &'static str, pub status: u16, pub message: String }
#[derive(Clone, Copy)] pub enum Style { Query, Json, S3 }
impl Refusal { pub fn answer(&self, s: Style)->Answer { Answer{code:"",status:1,message:String::new()} } }
pub struct Rules<'a>(&'a str); impl<'a> Rules<'a> { pub fn service(s:&'a str)->Self{Rules(s)} pub fn s3()->Rules<'static>{Rules("s3")} }
pub fn presented(p:&Parts<'_>)->Result<Option<Presented>,Refusal>{Ok(None)}
pub fn check_scope(p:&Presented,r:&Rules<'_>)->Result<(),Refusal>{Ok(())}
pub fn verify(p:&Presented,a:&Parts<'_>,s:&Secret<String>,r:&Rules<'_>,n:i64)->Result<Verified,Refusal>{Err(Refusal)}
