//! Server certificates: what load balancers show, with the keys that they prove it by.

use aws::{AccountId, Secret};
use facts::OperationFacts;
use identity::{Ask, ServerCertificate, Tag};
use plane::{Call, Error, Operation, Permit, Touches};
use store::{OrElseTaken as _, Read, Transaction};
use wire::{Input, Output};

use crate::certificates::Certificate;
use crate::entity::{self, is_under};
use crate::errors::{Nothing, no_such_entity, over_quota};
use crate::paging::Paging;
use crate::resource_tags::{Tagged, tag_operations};
use crate::tags::{self, Case, TagInput, TagView};

/// What is shown of a certificate everywhere.
#[derive(Output, Debug)]
pub(crate) struct MetadataView {
    path: String,
    server_certificate_name: String,
    server_certificate_id: String,
    arn: String,
    upload_date: aws::Timestamp,
    expiration: aws::Timestamp,
}

impl MetadataView {
    fn of(certificate: &ServerCertificate) -> MetadataView {
        MetadataView {
            path: certificate.path.clone(),
            server_certificate_name: certificate.name.clone(),
            server_certificate_id: certificate.id.clone(),
            arn: certificate.arn().to_string(),
            upload_date: certificate.uploaded,
            expiration: certificate.expires,
        }
    }
}

fn find(
    reader: &impl Read,
    account: AccountId,
    name: &str,
) -> Result<Option<ServerCertificate>, Error> {
    Ok(reader.find(account.as_str(), "name", &name.to_lowercase())?)
}

fn taken(name: &str) -> Error {
    Error::new("EntityAlreadyExists").say(format!(
        "The Server Certificate with name {name} already exists."
    ))
}

impl Tagged for ServerCertificate {
    fn ask(call: &Call, tx: &Transaction, action: &'static str, name: &str) -> Result<Ask, Error> {
        let account = call.account()?;
        Ok(match find(tx, account, name)? {
            Some(found) => {
                entity::ask_for(action, found.arn(), account).resource_tags("iam", &found.tags)
            }
            None => entity::ask_for(
                action,
                ServerCertificate::arn_of(account, "/", name),
                account,
            ),
        }
        .called(format!("server certificate {name}")))
    }

    fn require(tx: &Transaction, call: &Call, name: &str) -> Result<ServerCertificate, Error> {
        find(tx, call.account()?, name)?.ok_or_else(|| {
            no_such_entity(format!(
                "The Server Certificate with name {name} cannot be found."
            ))
        })
    }

    fn owner(&self) -> AccountId {
        self.account
    }

    fn tags_mut(&mut self) -> &mut Vec<Tag> {
        &mut self.tags
    }
}

tag_operations! {
    of ServerCertificate, by server_certificate_name;
    TagServerCertificate = TAG_SERVER_CERTIFICATE,
    UntagServerCertificate = UNTAG_SERVER_CERTIFICATE,
    ListServerCertificateTags = LIST_SERVER_CERTIFICATE_TAGS,
}

/// Keeps a certificate with its key.
#[derive(Input)]
pub(crate) struct UploadServerCertificate {
    path: Option<String>,
    server_certificate_name: String,
    certificate_body: String,
    #[wire(text)]
    private_key: Secret<String>,
    certificate_chain: Option<String>,
    tags: Vec<TagInput>,
}

/// The new certificate.
#[derive(Output, Debug)]
pub(crate) struct UploadedServerCertificate {
    server_certificate_metadata: MetadataView,
    tags: Option<Vec<TagView>>,
}

fn malformed(message: &str) -> Error {
    Error::new("MalformedCertificate").say(message)
}

impl UploadServerCertificate {
    /// Reads what was uploaded, and holds its parts to each other.
    fn check(&self, now: aws::Timestamp) -> Result<Certificate, Error> {
        let certificate = Certificate::read(&self.certificate_body).ok_or_else(|| {
            malformed(
                "Unable to parse certificate. Please ensure the certificate is in PEM format.",
            )
        })?;
        if !certificate.counts_at(now) {
            return Err(malformed(if now > certificate.ends {
                "Certificate is no longer valid. The 'Not After' date restriction on the certificate has passed."
            } else {
                "The certificate is not valid yet."
            }));
        }
        match certificate.belongs_to(self.private_key.expose()) {
            Some(true) => {}
            Some(false) => {
                return Err(Error::new("KeyPairMismatch")
                    .say("The private key did not match the public key provided. Please verify the key material and try again."));
            }
            None => {
                return Err(malformed(
                    "Unable to parse key. Please ensure the private key is unencrypted and in PEM format.",
                ));
            }
        }
        if let Some(chain) = &self.certificate_chain {
            // AWS says nothing beside the code.
            let chain =
                Certificate::read_all(chain).ok_or_else(|| Error::new("MalformedCertificate"))?;
            let below = std::iter::once(&certificate).chain(&chain);
            // Of a first one that did not sign the certificate, AWS gives the index -1.
            let indices = std::iter::once(-1_i32).chain(1..);
            for (index, (below, above)) in indices.zip(below.zip(&chain)) {
                if !below.is_signed_by(above) {
                    return Err(malformed(&format!(
                        "Unable to validate certificate chain. The certificate chain must start with the immediate signing certificate, followed by any intermediaries in order. The index within the chain of the invalid certificate is: {index}"
                    )));
                }
            }
        }
        Ok(certificate)
    }
}

impl Operation for UploadServerCertificate {
    const FACTS: &'static OperationFacts = facts::iam::UPLOAD_SERVER_CERTIFICATE;
    type Output = UploadedServerCertificate;

    fn touches(&self, call: &Call, _tx: &Transaction) -> Result<Touches, Error> {
        let account = call.account()?;
        let tags = tags::requested(&self.tags);
        let path = self.path.as_deref().unwrap_or("/");
        let arn = ServerCertificate::arn_of(account, path, &self.server_certificate_name);
        let base = |action| entity::ask_for(action, arn.clone(), account).request_tags(&tags);
        let touches = Touches::one(base("iam:UploadServerCertificate"));
        Ok(if tags.is_empty() {
            touches
        } else {
            touches.and(base("iam:TagServerCertificate"))
        })
    }

    fn run(&self, permit: Permit<Self>, tx: &mut Transaction) -> Result<Self::Output, Error> {
        let account = permit.account()?;
        let path = entity::path_or_root(self.path.as_deref()).to_owned();
        let tags = tags::checked(&self.tags, Case::Told)?;
        let read = self.check(permit.now())?;
        let id = permit.new_id("ASCA");
        let sealed_key = permit
            .directory()
            .envelope()
            .seal_text(
                &ServerCertificate::envelope_identity(&id),
                &self.private_key,
            )
            .map_err(Error::internal)?;
        let certificate = ServerCertificate {
            id,
            account,
            name: self.server_certificate_name.clone(),
            path,
            body: self.certificate_body.clone(),
            chain: self.certificate_chain.clone(),
            sealed_key,
            uploaded: permit.second(),
            expires: read.ends,
            tags: tags::ordered(tags.clone()),
        };
        tx.insert(account.as_str(), &certificate)
            .or_else_taken(|_| taken(&certificate.name))?;
        let most = permit.directory().quotas().server_certificates;
        if !tx.within::<ServerCertificate>(account.as_str(), "name", "", most)? {
            return Err(over_quota("ServerCertificatesPerAccount", most));
        }
        Ok(UploadedServerCertificate {
            server_certificate_metadata: MetadataView::of(&certificate),
            tags: tags::shown_if_any(&tags),
        })
    }
}

/// Shows a certificate; its key is never shown.
#[derive(Input)]
pub(crate) struct GetServerCertificate {
    server_certificate_name: String,
}

/// A certificate as it is shown.
#[derive(Output, Debug)]
pub(crate) struct CertificateView {
    server_certificate_metadata: MetadataView,
    certificate_body: String,
    certificate_chain: Option<String>,
    tags: Vec<TagView>,
}

/// One certificate.
#[derive(Output, Debug)]
pub(crate) struct OneServerCertificate {
    server_certificate: CertificateView,
}

impl Operation for GetServerCertificate {
    const FACTS: &'static OperationFacts = facts::iam::GET_SERVER_CERTIFICATE;
    type Output = OneServerCertificate;

    fn touches(&self, call: &Call, tx: &Transaction) -> Result<Touches, Error> {
        let name = &self.server_certificate_name;
        let ask = ServerCertificate::ask(call, tx, "iam:GetServerCertificate", name)?;
        Ok(Touches::one(ask))
    }

    fn run(&self, permit: Permit<Self>, tx: &mut Transaction) -> Result<Self::Output, Error> {
        let found = ServerCertificate::require(tx, &permit, &self.server_certificate_name)?;
        Ok(OneServerCertificate {
            server_certificate: CertificateView {
                server_certificate_metadata: MetadataView::of(&found),
                tags: tags::shown(&found.tags),
                // Without the line break at the end, as recorded from AWS.
                certificate_body: found.body.trim_end().to_owned(),
                certificate_chain: found.chain.map(|chain| chain.trim_end().to_owned()),
            },
        })
    }
}

/// Lists the certificates of the account.
#[derive(Input)]
pub(crate) struct ListServerCertificates {
    path_prefix: Option<String>,
    marker: Option<String>,
    max_items: Option<i32>,
}

/// A page of certificates.
#[derive(Output, Debug)]
pub(crate) struct ServerCertificatePage {
    server_certificate_metadata_list: Vec<MetadataView>,
    is_truncated: bool,
    marker: Option<String>,
}

impl Operation for ListServerCertificates {
    const FACTS: &'static OperationFacts = facts::iam::LIST_SERVER_CERTIFICATES;
    type Output = ServerCertificatePage;

    fn touches(&self, call: &Call, _tx: &Transaction) -> Result<Touches, Error> {
        let account = call.account()?;
        let under = self.path_prefix.as_deref().unwrap_or("/");
        let arn = ServerCertificate::arn_of(account, under, "");
        let ask = entity::ask_for("iam:ListServerCertificates", arn, account);
        Ok(Touches::one(ask))
    }

    fn run(&self, permit: Permit<Self>, tx: &mut Transaction) -> Result<Self::Output, Error> {
        let scope = permit.account()?;
        let under = |found: &ServerCertificate| is_under(&found.path, self.path_prefix.as_deref());
        let paging = Paging::new(self.marker.as_deref(), self.max_items);
        let page = paging.stored(tx, scope.as_str(), "name", "", under)?;
        Ok(ServerCertificatePage {
            is_truncated: page.is_truncated(),
            server_certificate_metadata_list: page.items.iter().map(MetadataView::of).collect(),
            marker: page.marker,
        })
    }
}

/// Renames a certificate, or moves it to another path.
#[derive(Input)]
pub(crate) struct UpdateServerCertificate {
    server_certificate_name: String,
    new_path: Option<String>,
    new_server_certificate_name: Option<String>,
}

impl UpdateServerCertificate {
    fn change(&self, mut certificate: ServerCertificate) -> ServerCertificate {
        if let Some(path) = &self.new_path {
            certificate.path.clone_from(path);
        }
        if let Some(name) = &self.new_server_certificate_name {
            certificate.name.clone_from(name);
        }
        certificate
    }
}

impl Operation for UpdateServerCertificate {
    const FACTS: &'static OperationFacts = facts::iam::UPDATE_SERVER_CERTIFICATE;
    type Output = Nothing;

    // As for users, source and target are both asked for.
    fn touches(&self, call: &Call, tx: &Transaction) -> Result<Touches, Error> {
        const ACTION: &str = "iam:UpdateServerCertificate";
        let (account, name) = (call.account()?, &self.server_certificate_name);
        let touches = Touches::one(ServerCertificate::ask(call, tx, ACTION, name)?);
        Ok(match find(tx, account, name)? {
            Some(found) => {
                let target = self.change(found);
                let ask = entity::ask_for(ACTION, target.arn(), account);
                touches.and(ask.resource_tags("iam", &target.tags))
            }
            None => touches,
        })
    }

    fn run(&self, permit: Permit<Self>, tx: &mut Transaction) -> Result<Nothing, Error> {
        let found = ServerCertificate::require(tx, &permit, &self.server_certificate_name)?;
        let changed = self.change(found);
        tx.update(permit.account()?.as_str(), &changed)
            .or_else_taken(|_| taken(&changed.name))?;
        Ok(Nothing {})
    }
}

/// Deletes a certificate and its key.
#[derive(Input)]
pub(crate) struct DeleteServerCertificate {
    server_certificate_name: String,
}

impl Operation for DeleteServerCertificate {
    const FACTS: &'static OperationFacts = facts::iam::DELETE_SERVER_CERTIFICATE;
    type Output = Nothing;

    fn touches(&self, call: &Call, tx: &Transaction) -> Result<Touches, Error> {
        let name = &self.server_certificate_name;
        let ask = ServerCertificate::ask(call, tx, "iam:DeleteServerCertificate", name)?;
        Ok(Touches::one(ask))
    }

    fn run(&self, permit: Permit<Self>, tx: &mut Transaction) -> Result<Nothing, Error> {
        let found = ServerCertificate::require(tx, &permit, &self.server_certificate_name)?;
        tx.delete::<ServerCertificate>(permit.account()?.as_str(), &found.id)?;
        Ok(Nothing {})
    }
}
