// The folder of `lamda nats init`: keys, credentials and the server's configuration, as texts.
#pragma once

#include <vector>

#include "natsauth/issuer_keys.hpp"

namespace lamda::natsauth {

struct File {
    std::string name;
    std::string content;
    bool secret = false;  ///< readable by its owner only
};

/// Names of the files that rotation reads and replaces.
inline constexpr auto kOfflineFile = "offline.json";
inline constexpr auto kIssuerFile = "issuer.json";

/// The keys that no running process needs: rotation uses them.
struct OfflineKeys {
    Nkey operator_key;
    std::vector<std::string> operator_signing_keys;  ///< public; the server accepts accounts of each
    Nkey system;
    Nkey lamda;
    Nkey registry;
    Nkey gateway;
    Nkey feed;
    /// Seconds since 1970: when the newest logins of the roles were made by a rotation; 0: by
    /// make_deployment().
    std::int64_t rotated_at = 0;
    /// Seconds since 1970: logins of the roles made until then are void; 0: none is.
    std::int64_t void_until = 0;
};

struct Deployment {
    OfflineKeys offline;
    IssuerKeys issuer;
};

Deployment make_deployment(Timestamp now);
/// Adds new signing keys and a new login of the issuer; the present ones stay valid until finish_rotation().
Deployment rotate(Deployment deployment, Timestamp now);
/// Makes all but the present signing keys invalid, and the logins of roles from before the last rotation.
Deployment finish_rotation(Deployment deployment);
/// True if there was a rotation that is not finished.
bool is_rotating(const Deployment& deployment);

/// Every file of a new deployment, with credentials for each role.
std::vector<File> all_files(const Deployment& deployment, Timestamp now);
/// The files that a rotation changes, with new credentials for each role, in the order of writing.
std::vector<File> rotated_files(const Deployment& deployment, Timestamp now);
/// The files that the end of a rotation changes.
std::vector<File> finished_files(const Deployment& deployment, Timestamp now);
/// Errors: `invalid_offline_keys`, `invalid_issuer_keys`.
Result<Deployment> parse_deployment(std::string_view offline, std::string_view issuer);

/// nats.conf: equals deploy/nats/operator.conf.
std::string server_config();

}  // namespace lamda::natsauth
