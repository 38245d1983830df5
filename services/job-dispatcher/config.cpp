#include "services/job-dispatcher/config.hpp"

#include "ipfs/store_url.hpp"
#include "runtime/server_settings.hpp"

namespace lamda::dispatch {

namespace {
constexpr auto kFallback = "FINALITY_FALLBACK";
/// BSC's natural finality: 240 blocks of 0.45 s.
constexpr Millis kLeastFallback{108'000};

void read_content(runtime::Settings& settings, Config& out) {
    const auto checked = [&](const char* name, const std::string& text,
                             Result<std::string> (*parse)(std::string_view)) {
        auto url = parse(text);
        if (!url) {
            settings.mistake(name, url.error().message);
        }
        return url ? *std::move(url) : std::string();
    };
    if (const auto api = settings.text("IPFS_API_URL", "IPFS node to look for specs; empty: none", "");
        !api.empty()) {
        out.ipfs_api_url = checked("IPFS_API_URL", api, &ipfs::parse_api_url);
    }
    for (const auto& gateway :
         settings.list("IPFS_GATEWAY_URL", "IPFS gateways to look for specs; empty: none", false)) {
        out.ipfs_gateways.push_back(checked("IPFS_GATEWAY_URL", gateway, &ipfs::parse_gateway_url));
    }
}

}  // namespace

Config read_config(runtime::Settings& settings) {
    Config out;
    out.database_url = runtime::read_database_url(settings);
    out.nats_url = runtime::read_nats_url(settings);
    out.operator_token = runtime::read_operator_token(settings);
    out.bsc = streamrunner::read_bsc(settings);
    out.finality = settings.parsed<ingest::FinalityRule>(
        "DISPATCH_FINALITY", "when a job may leave: latest, safe, finalized or a duration", "finalized",
        &ingest::parse_finality, {});
    out.finality.fallback =
        settings.duration(kFallback, "then blocks of this age count as final for dispatch", "120s");
    if (*out.finality.fallback < kLeastFallback) {
        settings.mistake(kFallback,
                         "is less than 108s: only after that time do two thirds of BSC's validators stand "
                         "behind a block that no vote has finalized");
    }
    out.reading = streamrunner::read_reading(settings, {&out.bsc});
    out.clock.accept_timeout = settings.positive_duration(
        "ACCEPT_TIMEOUT", "acceptance by a provider that is present and has room", "60s");
    out.max_attempts = static_cast<std::uint32_t>(settings.number("MAX_ATTEMPTS", "of one job", 3, 1, 100));
    out.retry_pause = settings.duration(
        "RETRY_PAUSE", "after a job's first transient failure; five times as long after each further one",
        "20s");
    out.status_bytes = static_cast<std::int64_t>(settings.number(
                           "STATUS_STREAM_MIB", "what the stream STATUS may hold, in MiB; the oldest goes",
                           4'096, 16, 1U << 20))
                       << 20;
    out.clock.spec_ttl = settings.positive_duration("SPEC_TTL", "how long a job waits for its spec", "24h");
    read_content(settings, out);
    return out;
}

}  // namespace lamda::dispatch
