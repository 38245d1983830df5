#include "services/api-gateway/config.hpp"

#include "ipfs/store_url.hpp"
#include "runtime/server_settings.hpp"
#include "services/api-gateway/access/origin.hpp"

namespace lamda::gateway {

namespace {

std::vector<std::string> read_origins(runtime::Settings& settings) {
    constexpr auto kName = "CORS_ALLOWED_ORIGINS";
    std::vector<std::string> out;
    for (const auto& text : settings.list(kName, "allowed origins of frontends, or *", false)) {
        if (auto origin = parse_origin(text)) {
            out.push_back(*std::move(origin));
        } else {
            settings.mistake(kName, origin.error().message);
        }
    }
    return out;
}

http::AddressRanges read_proxies(runtime::Settings& settings) {
    constexpr auto kName = "TRUSTED_PROXIES";
    const auto texts =
        settings.list(kName,
                      "addresses and ranges of proxies whose X-Forwarded-For and X-Forwarded-Proto are "
                      "believed; none: no proxy",
                      false, "127.0.0.0/8,::1");
    std::vector<http::AddressRange> out;
    for (const auto& text : texts) {
        if (text == "none" && texts.size() == 1) {
            break;
        }
        if (const auto range = http::AddressRange::parse(text)) {
            out.push_back(*range);
        } else {
            settings.mistake(kName, range.error().message);
        }
    }
    return http::AddressRanges(std::move(out));
}

Result<std::string> parse_domain(std::string_view text) {
    const auto origin = parse_origin("https://" + std::string(text));
    if (!origin || text == "*") {
        return Error{"invalid_domain", "must be hosts, with :port unless it is 443, comma-separated", ""};
    }
    return authority_of(*origin);
}

Result<std::string> parse_endpoint(std::string_view text) {
    // An endpoint's URL often contains its key: the message must not repeat it.
    if (!text.starts_with("http://") && !text.starts_with("https://")) {
        return Error{"invalid_url", "must be http:// or https:// URLs, comma-separated", ""};
    }
    return std::string(text);
}

SignInDomains read_domains(runtime::Settings& settings, const std::vector<std::string>& origins,
                           bool production) {
    SignInDomains out;
    out.names = settings.normal_forms("SIGN_IN_DOMAINS",
                                      "hosts of the applications that wallets sign in to; empty: those of "
                                      "CORS_ALLOWED_ORIGINS, and in development the user's own machine",
                                      &parse_domain);
    if (!out.names.empty()) {
        return out;
    }
    out.loopback = !production;
    for (const auto& origin : origins) {
        if (auto domain = authority_of(origin); !domain.empty()) {
            out.names.push_back(std::move(domain));
        }
    }
    return out;
}

}  // namespace

Config read_config(runtime::Settings& settings) {
    Config out;
    out.database_url = runtime::read_database_url(settings);
    out.nats_url = runtime::read_nats_url(settings);
    out.nats_login = runtime::read_nats_login(settings);
    out.port = settings.port("API_PORT", "port of the REST interface; 0: any free one", 8080);
    out.cors_origins = read_origins(settings);
    out.trusted_proxies = read_proxies(settings);
    constexpr std::uint64_t kMostRate = 1'000'000;
    out.rates.cheap = settings.number(
        "RATE_LIMIT",
        "requests per second of one client address or one wallet, on average over 10 s; 0: no limit",
        out.rates.cheap, 0, kMostRate);
    out.rates.expensive = settings.number("RATE_LIMIT_EXPENSIVE",
                                          "changes and pages above the default size per second of one client "
                                          "address or one wallet, on average over 10 s; 0: no limit",
                                          out.rates.expensive, 0, kMostRate);
    out.rates.key = settings.number(
        "RATE_LIMIT_KEY",
        "requests per second of one API key of the operator, on average over 10 s; 0: no limit",
        out.rates.key, 0, kMostRate);
    out.operator_token = runtime::read_operator_token(settings);
    if (const auto id = settings.maybe_number(
            "BSC_CHAIN_ID", "chain of JobManager; unset: the chain that the job dispatcher has recorded")) {
        out.chain_id = ChainId{*id};
    }
    const auto mebibytes = [&](const char* name, const char* help, std::uint64_t bytes) {
        return settings.number(name, help, bytes >> 20, 1, 1U << 20) << 20;
    };
    out.spec_quota.client =
        mebibytes("SPEC_QUOTA_CLIENT", "MiB of unpaid job specs per hour from one client address",
                  out.spec_quota.client);
    out.spec_quota.renter = mebibytes("SPEC_QUOTA_RENTER", "MiB of unpaid job specs per hour for one renter",
                                      out.spec_quota.renter);
    out.spec_quota.total =
        mebibytes("SPEC_QUOTA_TOTAL", "MiB of unpaid job specs per hour in total", out.spec_quota.total);
    out.upload_quota.client =
        mebibytes("UPLOAD_QUOTA_CLIENT", "MiB of uploaded files per hour from one client address",
                  out.upload_quota.client);
    out.upload_quota.account = mebibytes(
        "UPLOAD_QUOTA_ACCOUNT", "MiB of uploaded files per hour of one wallet", out.upload_quota.account);
    out.upload_quota.total =
        mebibytes("UPLOAD_QUOTA_TOTAL", "MiB of uploaded files per hour in total", out.upload_quota.total);
    out.files_max_bytes = settings.number("FILES_MAX_BYTES", "bytes of one uploaded file",
                                          out.files_max_bytes, 1, std::uint64_t{1} << 40);
    out.ipfs_api_url = settings.normal_form(
        "IPFS_API_URL",
        "IPFS node that stores uploaded files, and where inputs of checked jobs are looked up; empty: none",
        &ipfs::parse_api_url, "");
    out.ipfs_gateways = settings.normal_forms(
        "IPFS_GATEWAY_URL", "IPFS gateways where inputs of checked jobs are looked up; empty: none",
        &ipfs::parse_gateway_url);
    out.production = settings.environment() == "production";
    out.sign_in_domains = read_domains(settings, out.cors_origins, out.production);
    out.cookie_same_site = settings.one_of(
        "SESSION_SAME_SITE", "SameSite of the session's cookie; none: for applications of other sites",
        {"lax", "none"}, "lax");
    out.bsc_rpc_urls = settings.normal_forms(
        "BSC_RPC_URL", "BSC endpoints, for signatures of contract wallets; empty: these are refused",
        &parse_endpoint);
    out.job_manager = settings.address("JOB_MANAGER_CONTRACT_ADDRESS", "JobManager on BSC");
    return out;
}

}  // namespace lamda::gateway
