// Settings of the API gateway.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/ids.hpp"
#include "http/address_ranges.hpp"
#include "runtime/bus_login.hpp"
#include "runtime/settings.hpp"
#include "services/api-gateway/access/rate_settings.hpp"
#include "services/api-gateway/access/spec_quota.hpp"
#include "services/api-gateway/access/upload_quota.hpp"
#include "services/api-gateway/session/sign_in_check.hpp"

namespace lamda::gateway {

struct Config {
    runtime::Secret database_url;
    runtime::Secret nats_url;
    std::optional<bus::Login> nats_login;  ///< absent: the login of nats_url
    int port = 8080;
    std::size_t answer_bytes = 48U << 20;  ///< limit of all answers in memory at once
    std::vector<std::string> cors_origins;
    http::AddressRanges trusted_proxies = http::AddressRanges::loopback();
    runtime::Secret operator_token;   ///< empty: every set_status is refused
    std::optional<ChainId> chain_id;  ///< absent: the chain that the job dispatcher has recorded
    Address job_manager;
    RateSettings rates;
    SpecQuota spec_quota;
    UploadQuota upload_quota;
    std::uint64_t files_max_bytes = 1U << 30;  ///< of one uploaded file
    std::string ipfs_api_url;                  ///< empty: none
    std::vector<std::string> ipfs_gateways;    ///< where inputs of checked jobs are looked up
    std::vector<std::string> bsc_rpc_urls;  ///< for signatures of contract wallets; empty: they are refused
    SignInDomains sign_in_domains;
    std::string cookie_same_site = "lax";  ///< or `none`: the session's cookie is sent to other sites
    bool production = false;               ///< the session's cookie is sent over TLS only
};

Config read_config(runtime::Settings& settings);

}  // namespace lamda::gateway
