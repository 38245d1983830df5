// Tests of POST /api/jobs/check: the judgement alone, and over a socket on a real PostgreSQL and content
// store.
#include "services/api-gateway/offer/job_check.hpp"

#include <set>

#include "ipfs/testing/put_text.hpp"
#include "services/api-gateway/testing/documented_api.hpp"

using namespace lamda;
using namespace lamda::gateway;

namespace {

/// A job that nothing stops, of a provider that offers twice what it asks for.
struct Good {
    Good() {
        wire::JobSpec spec;
        spec.renter = kRenter;
        spec.provider = kProvider;
        spec.min_payment = 1'000;
        spec.docker_image = "lamda/busybox:1.35";
        offer = {1'000, spec};
        wire::ProviderNotice notice;
        notice.offered = notice.free = wire::ResourceLimits{2'000, 1'024, 2'048, 0};
        facts.provider = ProviderFacts{true, 0, 2, notice};
    }
    wire::ProviderNotice& notice() { return *facts.provider->notice; }
    json checked(const std::vector<problem::FieldError>& faults = {}) const {
        return json::parse(check_json(check_job(faults, offer, facts)));
    }

    JobOffer offer;
    CheckFacts facts;
};

json stages(const char* match, const char* start, const char* finish, const char* pay) {
    return {{"match", match}, {"start", start}, {"finish", finish}, {"pay", pay}};
}

/// Returns "<stage> <effect> <code>" of each finding but the one that every job has.
std::set<std::string> findings_of(const json& checked) {
    std::set<std::string> out;
    for (const auto& finding : checked.at("findings")) {
        if (finding.at("code") != "no_refund") {
            out.insert(finding.at("stage").get<std::string>() + " " +
                       finding.at("effect").get<std::string>() + " " + finding.at("code").get<std::string>());
        }
    }
    return out;
}

}  // namespace

TEST_CASE("a check names all that stops or delays a job, by stage") {
    Good good;
    const auto stopped = [&](const std::string& finding, const char* match = "passes") {
        const auto checked = good.checked();
        INFO(checked.dump());
        CHECK(findings_of(checked) == std::set<std::string>{finding});
        CHECK_FALSE(checked.at("passes").get<bool>());
        const bool at_match = std::string(match) == "stopped";
        CHECK(checked.at("stages") ==
              stages(match, at_match ? "not_reached" : "stopped", "not_reached", "not_reached"));
    };
    const auto delayed = [&](const std::string& finding) {
        const auto checked = good.checked();
        INFO(checked.dump());
        CHECK(findings_of(checked) == std::set<std::string>{finding});
        CHECK(checked.at("passes").get<bool>());
        CHECK(checked.at("stages") == stages("passes", "delayed", "passes", "passes"));
    };
    SECTION("nothing but that the payment is final") {
        const auto checked = good.checked();
        CHECK(checked.at("passes").get<bool>());
        CHECK(checked.at("stages") == stages("passes", "passes", "passes", "passes"));
        REQUIRE(checked.at("findings").size() == 1);
        CHECK(checked.at("findings")[0].at("code") == "no_refund");
        CHECK(checked.at("findings")[0].at("effect") == "notice");
    }
    SECTION("a payment below minPayment") {
        good.offer.payment = 999;
        stopped("match stops payment_too_small", "stopped");
    }
    SECTION("a provider that is not registered") {
        good.facts.provider.reset();
        stopped("match stops unknown_provider", "stopped");
    }
    SECTION("a job that is on the chain") {
        good.facts.is_known = true;
        stopped("match stops job_exists", "stopped");
    }
    SECTION("a refusing policy") {
        good.notice().policy = wire::ProviderPolicy{};
        good.notice().policy->max_time_seconds = 60;
        stopped("start stops time_too_long");
    }
    SECTION("more of a resource than is offered, or free") {
        auto& wanted = good.offer.spec->requirements;
        wanted.gpu_count = 1;
        stopped("start stops above_offer");
        wanted.gpu_count = 0;
        good.notice().free->memory_mib = 511;
        delayed("start delays not_free");
    }
    SECTION("a provider that is offline, full or draining") {
        good.facts.provider->is_online = false;
        delayed("start delays provider_offline");
        good.facts.provider->is_online = true;
        good.facts.provider->running = 2;
        delayed("start delays provider_full");
        good.facts.provider->running = 1;
        good.notice().draining = true;
        delayed("start delays provider_draining");
    }
    SECTION("an input that no store sends, or that no agent reads") {
        good.facts.input = InputFound::kNotNow;
        delayed("start delays input_not_found");
        good.facts.input = InputFound::kUnreadable;
        stopped("start stops input_unreadable");
    }
    SECTION("what is not known stops nothing") {
        good.facts.provider->notice.reset();
        good.facts.input = InputFound::kNotChecked;
        const auto checked = good.checked();
        CHECK(checked.at("passes").get<bool>());
        CHECK(findings_of(checked) ==
              std::set<std::string>{"start notice offer_unknown", "start notice input_not_checked"});
    }
    SECTION("an invalid spec: its faults, and nothing that was not checked") {
        good.offer.spec.reset();
        const auto checked = good.checked({{"/spec/dockerImage", "invalid_image", "is malformed"}});
        CHECK(findings_of(checked) == std::set<std::string>{"match stops invalid_image"});
        CHECK(checked.at("stages") == stages("stopped", "not_reached", "not_reached", "not_reached"));
    }
}

TEST_CASE("POST /api/jobs/check judges by the provider and the content stores, and stores nothing") {
    const testkit::TempDir dir("job_check");
    testkit::ContentStore store(dir.path());
    auto settings = config();
    settings.ipfs_api_url = store.url();
    Gateway gateway(settings);
    const auto check = [&](const json& spec, const std::string& payment) {
        const auto answer = gateway.send("POST", "/api/jobs/check",
                                         json({{"spec", spec}, {"payment_amount", payment}}).dump());
        INFO(answer.body.dump());
        REQUIRE(answer.status == 200);
        CHECK(keys_of(answer.body) == Documented().properties.at("JobCheck"));
        CHECK(keys_of(answer.body["stages"]) == Documented().properties.at("CheckStages"));
        CHECK(keys_of(answer.body["findings"][0]) == Documented().properties.at("CheckFinding"));
        return findings_of(answer.body);
    };
    json spec = {
        {"renter", kRenter.hex()}, {"provider", kProvider.hex()}, {"dockerImage", "lamda/busybox:1.35"}};
    CHECK(check(spec, "1000") == std::set<std::string>{"match stops unknown_provider"});
    gateway.add_node(kProvider);
    CHECK(check(spec, "1000") == std::set<std::string>{"start notice offer_unknown"});

    spec["inputFileCID"] = ipfs::put_text(gateway.content, "an input").to_string();
    CHECK(check(spec, "1000") == std::set<std::string>{"start notice offer_unknown"});
    spec["inputFileCID"] = "bafkreih2loemtdsu7nkxy6swbimrhvnzmgtauguukoz5rvhtdqedwx6cea";
    CHECK(check(spec, "1000") ==
          std::set<std::string>{"start notice offer_unknown", "start delays input_not_found"});
    store.stop();
    CHECK(check(spec, "1000") ==
          std::set<std::string>{"start notice offer_unknown", "start delays input_not_found"});
    for (int i = 0; i < InputLookup::kBurst; ++i) {
        check(spec, "1000");
    }
    CHECK(check(spec, "1000") ==
          std::set<std::string>{"start notice offer_unknown", "start notice input_not_checked"});

    gateway.clock_of_lookups.advance(Millis(5'000));
    CHECK(check(spec, "1000") ==
          std::set<std::string>{"start notice offer_unknown", "start delays input_not_found"});

    // A job of this spec that a reorg removed from the chain can be created again.
    spec["salt"] = bytes_of(7).hex();
    spec.erase("inputFileCID");
    gateway.add_job(1);
    const auto made =
        gateway.send("POST", "/api/jobs", json({{"spec", spec}, {"payment_amount", "1000"}}).dump());
    const auto set_job = [&](const std::string& state) {
        gateway.database.transact([&](store::Txn& txn) {
            txn.exec("UPDATE dispatch.job SET id = $1::bytea, chain_state = $2",
                     {JobId::parse(made.body["id"].get<std::string>()).value(), state});
        });
    };
    set_job("created");
    CHECK(check(spec, "1000") ==
          std::set<std::string>{"match stops job_exists", "start notice offer_unknown"});
    set_job("absent");
    CHECK(check(spec, "1000") == std::set<std::string>{"start notice offer_unknown"});
    gateway.database.transact(
        [](store::Txn& txn) { txn.exec("TRUNCATE dispatch.job, dispatch.spec CASCADE"); });

    spec["dockerImage"] = "busy box";
    spec["colour"] = "red";
    CHECK(check(spec, "0").size() == 3);
    CHECK(gateway.send("POST", "/api/jobs/check", "{").status == 400);
    gateway.database.transact([](store::Txn& txn) {
        CHECK_FALSE(txn.first("SELECT 1 AS one FROM dispatch.spec"));
        CHECK_FALSE(txn.first("SELECT 1 AS one FROM dispatch.job"));
    });
}
