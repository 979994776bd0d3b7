//! CreateOAuth2Token: a code, or a refresh token, and a proof of the key become credentials.

use facts::OperationFacts;
use identity::{Ask, Credential, GLOBAL_SCOPE, Origin, Session};
use plane::{Call, Error, Operation, Permit, Touches};
use serde::{Deserialize, Serialize};
use store::{OrElseTaken, Read, Transaction};
use wire::{Input, Output};

use crate::authorize::Client;
use crate::grant::{Code, Consent, Login, SeenProof, sweep};
use crate::id_token;
use crate::proof::{self, IAT_WINDOW_S, Possession};

/// How long credentials of a login are good.
const CREDENTIALS_S: i64 = 900;

/// How long a tool stays logged in, at most.
const LOGIN_S: i64 = 12 * 3_600;

/// What a refresh token is sealed for.
const REFRESH: &str = "signin refresh token";

/// Trades a code or a refresh token.
#[derive(Input)]
#[wire(case = "camel")]
pub struct CreateOAuth2Token {
    token_input: TokenInput,
}

/// What is traded.
#[derive(Input)]
#[wire(case = "camel")]
pub struct TokenInput {
    client_id: String,
    grant_type: String,
    code: Option<String>,
    redirect_uri: Option<String>,
    code_verifier: Option<String>,
    refresh_token: Option<String>,
}

/// What it is traded for.
#[derive(Output)]
#[wire(case = "camel")]
pub struct CreatedOAuth2Token {
    token_output: TokenOutput,
}

/// Credentials, and the means to get the next ones.
#[derive(Output)]
#[wire(case = "camel")]
pub struct TokenOutput {
    access_token: AccessToken,
    token_type: &'static str,
    expires_in: i64,
    refresh_token: String,
    id_token: Option<String>,
}

/// Temporary credentials.
#[derive(Output)]
#[wire(case = "camel")]
pub struct AccessToken {
    access_key_id: String,
    secret_access_key: String,
    session_token: String,
}

/// What a refresh token says.
#[derive(Serialize, Deserialize)]
struct RefreshToken {
    login: String,
    generation: u32,
}

impl Operation for CreateOAuth2Token {
    const FACTS: &'static OperationFacts = facts::signin::CREATE_O_AUTH2_TOKEN;
    type Output = CreatedOAuth2Token;

    fn touches(&self, _: &Call, _: &Transaction) -> Result<Touches, Error> {
        // The request is unsigned; whom it acts for stands in the code or the refresh token.
        // Their policies are asked as soon as it is known, in `issue`.
        Ok(Touches::nothing_by_design())
    }

    fn run(&self, permit: Permit<Self>, tx: &mut Transaction) -> Result<CreatedOAuth2Token, Error> {
        let input = &self.token_input;
        let client = Client::of(&input.client_id)
            .ok_or_else(|| invalid("clientId names no known client."))?;
        let possession = proof::verify(permit.dpop.as_ref(), permit.now_s())
            .map_err(|refusal| invalid("The DPoP proof is not valid.").because(refusal))?;
        spend(&permit, tx, &possession)?;
        let (login, is_new) = match input.grant_type.as_str() {
            "authorization_code" => (input.trade_code(&permit, tx, client, &possession)?, true),
            "refresh_token" => (input.refresh(&permit, tx, client, &possession)?, false),
            _ => return Err(invalid("grantType is not supported.")),
        };
        issue(&permit, tx, &login, is_new)
    }
}

/// A proof comes once.
fn spend(call: &Call, tx: &mut Transaction, possession: &Possession) -> Result<(), Error> {
    sweep::<SeenProof>(tx, call.now_s())?;
    let seen = SeenProof {
        id: possession.proof_id.clone(),
        ends_at: call.now_s() + 2 * IAT_WINDOW_S + 1,
    };
    tx.insert(GLOBAL_SCOPE, &seen).or_else_taken(|_taken| {
        invalid("The DPoP proof is not valid.").because("the DPoP proof was seen before")
    })
}

impl TokenInput {
    fn trade_code(
        &self,
        call: &Call,
        tx: &mut Transaction,
        client: Client,
        possession: &Possession,
    ) -> Result<Login, Error> {
        let text = self
            .code
            .as_deref()
            .ok_or_else(|| invalid("code is required."))?;
        let verifier = self
            .code_verifier
            .as_deref()
            .ok_or_else(|| invalid("codeVerifier is required."))?;
        let now_s = call.now_s();
        let id = Code::id_of(text);
        let code = tx
            .get::<Code>(GLOBAL_SCOPE, &id)?
            .filter(|code| now_s < code.ends_at)
            .ok_or_else(code_expired)?;
        if code.consent.client != client {
            return Err(code_expired().because("the code was given to another client"));
        }
        if self.redirect_uri.as_deref() != Some(&code.redirect_uri) {
            return Err(code_expired().because("the code was sent to another address"));
        }
        if !code.challenge.is_explained_by(verifier) {
            return Err(code_expired().because("the verifier does not explain the challenge"));
        }
        tx.delete::<Code>(GLOBAL_SCOPE, &id)?;
        sweep::<Login>(tx, now_s)?;
        let login = Login {
            id: aws::uuid_v4(call.environment.entropy.as_ref()),
            key: possession.thumbprint.clone(),
            generation: 0,
            ends_at: code.consent.session.expires_at.min(now_s + LOGIN_S),
            consent: code.consent,
        };
        tx.insert(GLOBAL_SCOPE, &login)?;
        Ok(login)
    }

    fn refresh(
        &self,
        call: &Call,
        tx: &mut Transaction,
        client: Client,
        possession: &Possession,
    ) -> Result<Login, Error> {
        let text = self
            .refresh_token
            .as_deref()
            .ok_or_else(|| invalid("refreshToken is required."))?;
        let note = call
            .directory()
            .ring()
            .open_note(REFRESH, text)
            .map_err(|refusal| token_expired().because(refusal))?;
        let token: RefreshToken = serde_json::from_slice(note.expose())
            .map_err(|error| token_expired().because(error))?;
        let mut login = tx
            .get::<Login>(GLOBAL_SCOPE, &token.login)?
            .filter(|login| call.now_s() < login.ends_at)
            .ok_or_else(token_expired)?;
        if login.consent.client != client {
            return Err(token_expired().because("the refresh token is another client's"));
        }
        if !seal::same(login.key.as_bytes(), possession.thumbprint.as_bytes()) {
            return Err(token_expired().because("the refresh token is bound to another key"));
        }
        if login.generation != token.generation {
            return Err(token_expired().because("the refresh token was used before"));
        }
        login.generation = login.generation.saturating_add(1);
        tx.update(GLOBAL_SCOPE, &login)?;
        Ok(login)
    }
}

fn issue(
    call: &Call,
    tx: &mut Transaction,
    login: &Login,
    is_new: bool,
) -> Result<CreatedOAuth2Token, Error> {
    let now_s = call.now_s();
    let Consent {
        session,
        sign_in,
        client,
    } = &login.consent;
    let session = Session {
        expires_at: login.ends_at.min(now_s + CREDENTIALS_S),
        origin: Origin::SignIn(sign_in.clone()),
        ..session.clone()
    };
    let directory = call.directory();
    let issued = directory
        .issue(&session, call.environment.entropy.as_ref())
        .map_err(Error::internal)?;
    let Credential { caller, .. } = directory
        .credential(&issued.access_key_id, Some(&issued.session_token), now_s)
        .map_err(|refusal| token_expired().because(refusal))?;
    let ask = Ask::new(
        "signin:CreateOAuth2Token",
        client.arn(call.region(), session.account),
        session.account.to_string(),
    );
    directory
        .authorize(&caller, &call.request, &ask)
        .map_err(|denied| {
            Error::new("AccessDeniedException")
                .field("error", "INSUFFICIENT_PERMISSIONS")
                .say(denied.message.clone())
                .because(denied)
        })?;
    let subject = caller.known().map(|known| known.arn().to_owned());
    let id_token = match (is_new, subject) {
        (true, Some(subject)) => Some(id_token::sign(
            directory,
            tx,
            &id_token::Claims {
                iss: "https://signin.aws.amazon.com/signin",
                sub: &subject,
                aud: client.id(),
                iat: now_s,
                exp: session.expires_at,
                session_arn: sign_in,
            },
        )?),
        _ => None,
    };
    Ok(CreatedOAuth2Token {
        token_output: TokenOutput {
            access_token: AccessToken {
                access_key_id: issued.access_key_id,
                secret_access_key: issued.secret_access_key.expose().clone(),
                session_token: issued.session_token,
            },
            token_type: "aws_sigv4",
            expires_in: session.expires_at - now_s,
            refresh_token: refresh_token(call, login)?,
            id_token,
        },
    })
}

fn refresh_token(call: &Call, login: &Login) -> Result<String, Error> {
    let note = serde_json::to_vec(&RefreshToken {
        login: login.id.clone(),
        generation: login.generation,
    })
    .map_err(Error::internal)?;
    call.directory()
        .ring()
        .seal_note(REFRESH, &note, call.environment.entropy.as_ref())
        .map_err(Error::internal)
}

fn invalid(message: &str) -> Error {
    Error::new("ValidationException")
        .field("error", "INVALID_REQUEST")
        .say(message)
}

fn code_expired() -> Error {
    Error::new("AccessDeniedException")
        .field("error", "AUTHCODE_EXPIRED")
        .say("The authorization code is not valid or has expired.")
}

fn token_expired() -> Error {
    Error::new("AccessDeniedException")
        .field("error", "TOKEN_EXPIRED")
        .say("The refresh token is not valid or has expired.")
}
