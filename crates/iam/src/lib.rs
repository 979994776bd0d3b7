//! AWS Identity and Access Management: the records that everything else decides by.
//!
//! One file holds one noun's operations: what each touches, and what it does. Beneath them
//! lies common ground: [`entity`] (what users, groups and roles share), [`managed`] (what the
//! account's own and AWS's policies share), [`caller`] (of whom an operation without a name
//! speaks), [`trust`] and [`documents`] (policies on their way in and out), [`tags`],
//! [`boundary`], [`paging`], [`arns`], [`quotas`], [`errors`].

mod access_details;
mod access_entities;
mod access_jobs;
mod access_keys;
mod account;
mod account_properties;
mod arns;
mod attachments;
mod authorization_details;
mod boundary;
mod caller;
mod certificates;
mod credential_report;
mod credential_rows;
mod delegation_requests;
mod detail_views;
mod documents;
mod entity;
mod errors;
mod granting;
mod granting_policies;
mod groups;
mod holdings;
mod inline_policies;
mod instance_profiles;
mod login_profiles;
mod managed;
mod mfa_devices;
mod mfa_holders;
mod oidc_providers;
mod organizations_access;
mod outbound_federation;
mod paging;
mod password_policy;
mod policies;
mod policy_entities;
mod policy_versions;
mod principal_settings;
mod providers;
mod qr_code;
mod quotas;
mod resource_tags;
mod role_templates;
mod role_view;
mod roles;
mod root_features;
mod saml_providers;
mod security_keys;
mod server_certificates;
mod service_credentials;
mod service_linked_roles;
mod signing_certificates;
mod simulation;
mod ssh_keys;
mod ssh_public_keys;
mod tags;
#[cfg(test)]
mod tests;
mod trust;
mod users;

pub use self::security_keys::{Answer, EnableSecurityKey, is_name};

use plane::{Entry, gathering, stored};

/// The operations of IAM that are built.
pub static OPERATIONS: &[Entry] = &[
    // Users.
    stored::<users::CreateUser>(),
    stored::<users::DeleteUser>(),
    stored::<users::GetUser>(),
    stored::<users::ListUsers>(),
    stored::<users::UpdateUser>(),
    // Access keys.
    stored::<access_keys::CreateAccessKey>(),
    stored::<access_keys::DeleteAccessKey>(),
    stored::<access_keys::GetAccessKeyLastUsed>(),
    stored::<access_keys::ListAccessKeys>(),
    stored::<access_keys::UpdateAccessKey>(),
    // Passwords.
    gathering::<login_profiles::ChangePassword>(),
    gathering::<login_profiles::CreateLoginProfile>(),
    stored::<login_profiles::DeleteLoginProfile>(),
    stored::<login_profiles::GetLoginProfile>(),
    gathering::<login_profiles::UpdateLoginProfile>(),
    stored::<password_policy::DeleteAccountPasswordPolicy>(),
    stored::<password_policy::GetAccountPasswordPolicy>(),
    stored::<password_policy::UpdateAccountPasswordPolicy>(),
    // MFA devices.
    stored::<mfa_devices::CreateVirtualMFADevice>(),
    stored::<mfa_holders::DeactivateMFADevice>(),
    stored::<mfa_devices::DeleteVirtualMFADevice>(),
    stored::<mfa_holders::EnableMFADevice>(),
    stored::<mfa_holders::GetMFADevice>(),
    stored::<mfa_devices::ListMFADeviceTags>(),
    stored::<mfa_holders::ListMFADevices>(),
    stored::<mfa_devices::ListVirtualMFADevices>(),
    stored::<mfa_holders::ResyncMFADevice>(),
    stored::<mfa_devices::TagMFADevice>(),
    stored::<mfa_devices::UntagMFADevice>(),
    // What else users hold.
    stored::<service_credentials::CreateServiceSpecificCredential>(),
    stored::<service_credentials::DeleteServiceSpecificCredential>(),
    stored::<service_credentials::ListServiceSpecificCredentials>(),
    stored::<service_credentials::ResetServiceSpecificCredential>(),
    stored::<service_credentials::UpdateServiceSpecificCredential>(),
    stored::<signing_certificates::DeleteSigningCertificate>(),
    stored::<signing_certificates::ListSigningCertificates>(),
    stored::<signing_certificates::UpdateSigningCertificate>(),
    stored::<signing_certificates::UploadSigningCertificate>(),
    stored::<ssh_public_keys::DeleteSSHPublicKey>(),
    stored::<ssh_public_keys::GetSSHPublicKey>(),
    stored::<ssh_public_keys::ListSSHPublicKeys>(),
    stored::<ssh_public_keys::UpdateSSHPublicKey>(),
    stored::<ssh_public_keys::UploadSSHPublicKey>(),
    // Server certificates.
    stored::<server_certificates::DeleteServerCertificate>(),
    stored::<server_certificates::GetServerCertificate>(),
    stored::<server_certificates::ListServerCertificateTags>(),
    stored::<server_certificates::ListServerCertificates>(),
    stored::<server_certificates::TagServerCertificate>(),
    stored::<server_certificates::UntagServerCertificate>(),
    stored::<server_certificates::UpdateServerCertificate>(),
    stored::<server_certificates::UploadServerCertificate>(),
    // Groups.
    stored::<groups::AddUserToGroup>(),
    stored::<groups::CreateGroup>(),
    stored::<groups::DeleteGroup>(),
    stored::<groups::GetGroup>(),
    stored::<groups::ListGroups>(),
    stored::<groups::ListGroupsForUser>(),
    stored::<groups::RemoveUserFromGroup>(),
    stored::<groups::UpdateGroup>(),
    // Roles.
    stored::<roles::CreateRole>(),
    stored::<roles::DeleteRole>(),
    stored::<roles::GetRole>(),
    stored::<roles::ListRoles>(),
    stored::<roles::UpdateAssumeRolePolicy>(),
    stored::<roles::UpdateRole>(),
    stored::<roles::UpdateRoleDescription>(),
    stored::<service_linked_roles::CreateServiceLinkedRole>(),
    stored::<service_linked_roles::DeleteServiceLinkedRole>(),
    stored::<service_linked_roles::GetServiceLinkedRoleDeletionStatus>(),
    // Instance profiles.
    stored::<instance_profiles::AddRoleToInstanceProfile>(),
    stored::<instance_profiles::CreateInstanceProfile>(),
    stored::<instance_profiles::DeleteInstanceProfile>(),
    stored::<instance_profiles::GetInstanceProfile>(),
    stored::<instance_profiles::ListInstanceProfileTags>(),
    stored::<instance_profiles::ListInstanceProfiles>(),
    stored::<instance_profiles::ListInstanceProfilesForRole>(),
    stored::<instance_profiles::RemoveRoleFromInstanceProfile>(),
    stored::<instance_profiles::TagInstanceProfile>(),
    stored::<instance_profiles::UntagInstanceProfile>(),
    // Inline policies.
    stored::<inline_policies::DeleteGroupPolicy>(),
    stored::<inline_policies::DeleteRolePolicy>(),
    stored::<inline_policies::DeleteUserPolicy>(),
    stored::<inline_policies::GetGroupPolicy>(),
    stored::<inline_policies::GetRolePolicy>(),
    stored::<inline_policies::GetUserPolicy>(),
    stored::<inline_policies::ListGroupPolicies>(),
    stored::<inline_policies::ListRolePolicies>(),
    stored::<inline_policies::ListUserPolicies>(),
    stored::<inline_policies::PutGroupPolicy>(),
    stored::<inline_policies::PutRolePolicy>(),
    stored::<inline_policies::PutUserPolicy>(),
    // Tags and permissions boundaries of users and roles.
    stored::<principal_settings::DeleteRolePermissionsBoundary>(),
    stored::<principal_settings::DeleteUserPermissionsBoundary>(),
    stored::<principal_settings::ListRoleTags>(),
    stored::<principal_settings::ListUserTags>(),
    stored::<principal_settings::PutRolePermissionsBoundary>(),
    stored::<principal_settings::PutUserPermissionsBoundary>(),
    stored::<principal_settings::TagRole>(),
    stored::<principal_settings::TagUser>(),
    stored::<principal_settings::UntagRole>(),
    stored::<principal_settings::UntagUser>(),
    // Managed policies.
    stored::<policies::CreatePolicy>(),
    stored::<policies::DeletePolicy>(),
    stored::<policies::GetPolicy>(),
    stored::<policies::ListPolicies>(),
    stored::<policies::ListPolicyTags>(),
    stored::<policies::TagPolicy>(),
    stored::<policies::UntagPolicy>(),
    stored::<policy_entities::ListEntitiesForPolicy>(),
    stored::<policy_versions::CreatePolicyVersion>(),
    stored::<policy_versions::DeletePolicyVersion>(),
    stored::<policy_versions::GetPolicyVersion>(),
    stored::<policy_versions::ListPolicyVersions>(),
    stored::<policy_versions::SetDefaultPolicyVersion>(),
    stored::<attachments::AttachGroupPolicy>(),
    stored::<attachments::AttachRolePolicy>(),
    stored::<attachments::AttachUserPolicy>(),
    stored::<attachments::DetachGroupPolicy>(),
    stored::<attachments::DetachRolePolicy>(),
    stored::<attachments::DetachUserPolicy>(),
    stored::<attachments::ListAttachedGroupPolicies>(),
    stored::<attachments::ListAttachedRolePolicies>(),
    stored::<attachments::ListAttachedUserPolicies>(),
    // The account as an issuer.
    stored::<outbound_federation::DisableOutboundWebIdentityFederation>(),
    gathering::<outbound_federation::EnableOutboundWebIdentityFederation>(),
    stored::<outbound_federation::GetOutboundWebIdentityFederationInfo>(),
    // Simulation.
    stored::<simulation::operations::GetContextKeysForCustomPolicy>(),
    stored::<simulation::operations::GetContextKeysForPrincipalPolicy>(),
    stored::<simulation::operations::SimulateCustomPolicy>(),
    stored::<simulation::operations::SimulatePrincipalPolicy>(),
    // OpenID Connect providers.
    stored::<oidc_providers::AddClientIDToOpenIDConnectProvider>(),
    gathering::<oidc_providers::CreateOpenIDConnectProvider>(),
    stored::<oidc_providers::DeleteOpenIDConnectProvider>(),
    stored::<oidc_providers::GetOpenIDConnectProvider>(),
    stored::<providers::ListOpenIDConnectProviderTags>(),
    stored::<oidc_providers::ListOpenIDConnectProviders>(),
    stored::<oidc_providers::RemoveClientIDFromOpenIDConnectProvider>(),
    stored::<providers::TagOpenIDConnectProvider>(),
    stored::<providers::UntagOpenIDConnectProvider>(),
    stored::<oidc_providers::UpdateOpenIDConnectProviderThumbprint>(),
    // SAML providers.
    stored::<saml_providers::CreateSAMLProvider>(),
    stored::<saml_providers::DeleteSAMLProvider>(),
    stored::<saml_providers::GetSAMLProvider>(),
    stored::<providers::ListSAMLProviderTags>(),
    stored::<saml_providers::ListSAMLProviders>(),
    stored::<providers::TagSAMLProvider>(),
    stored::<providers::UntagSAMLProvider>(),
    stored::<saml_providers::UpdateSAMLProvider>(),
    // The account.
    stored::<account::CreateAccountAlias>(),
    stored::<account::DeleteAccountAlias>(),
    stored::<authorization_details::GetAccountAuthorizationDetails>(),
    stored::<account::GetAccountSummary>(),
    stored::<credential_report::GenerateCredentialReport>(),
    stored::<credential_report::GetCredentialReport>(),
    stored::<account::ListAccountAliases>(),
    // What was used, and what gives the right to.
    stored::<access_jobs::GenerateServiceLastAccessedDetails>(),
    stored::<access_details::GetServiceLastAccessedDetails>(),
    stored::<access_entities::GetServiceLastAccessedDetailsWithEntities>(),
    stored::<granting_policies::ListPoliciesGrantingServiceAccess>(),
    stored::<organizations_access::GenerateOrganizationsAccessReport>(),
    stored::<organizations_access::GetOrganizationsAccessReport>(),
    // Settings of the account and of the organization.
    stored::<account_properties::GetAccountProperties>(),
    stored::<account_properties::PutAccountProperties>(),
    stored::<account_properties::SetSecurityTokenServicePreferences>(),
    stored::<root_features::DisableOrganizationsRootCredentialsManagement>(),
    stored::<root_features::DisableOrganizationsRootSessions>(),
    stored::<root_features::EnableOrganizationsRootCredentialsManagement>(),
    stored::<root_features::EnableOrganizationsRootSessions>(),
    stored::<root_features::ListOrganizationsFeatures>(),
    // What partners and services of AWS's make, and nobody else.
    stored::<delegation_requests::AcceptDelegationRequest>(),
    stored::<delegation_requests::AssociateDelegationRequest>(),
    stored::<delegation_requests::CreateDelegationRequest>(),
    stored::<delegation_requests::GetDelegationRequest>(),
    stored::<delegation_requests::GetHumanReadableSummary>(),
    stored::<delegation_requests::ListDelegationRequests>(),
    stored::<delegation_requests::RejectDelegationRequest>(),
    stored::<delegation_requests::SendDelegationToken>(),
    stored::<delegation_requests::UpdateDelegationRequest>(),
    stored::<role_templates::AcquireRole>(),
    stored::<role_templates::GetRoleTemplateVersion>(),
];
