#include "wire/secrets.hpp"

#include <catch2/catch.hpp>
#include <fstream>
#include <functional>
#include <iterator>
#include <nlohmann/json.hpp>

#include "testkit/process.hpp"

using namespace lamda;
using namespace lamda::wire;
using nlohmann::json;

namespace {

/// Sealed by node:crypto (tests/data/make_secret_vectors.mjs).
struct Vectors {
    json data = [] {
        std::ifstream in(testkit::source_dir() + "/tests/data/sealed_secrets.json");
        return json::parse(in);
    }();
    JobSpec spec = parse_canonical_job_spec(data.at("spec").get<std::string>()).value();
    std::unique_ptr<crypto::LocalSigner> provider =
        crypto::LocalSigner::from_hex(data.at("privateKey").get<std::string>()).value();
    Bytes public_key = from_hex(data.at("publicKey").get<std::string>()).value();

    std::map<std::string, std::string> opened(const JobSpec& from) const {
        std::map<std::string, std::string> out;
        const auto secrets = open_secrets(from, *provider).value();
        for (const auto& [name, plain] : secrets) {
            out.emplace(name, as_string(plain.view()));
        }
        return out;
    }
    std::string fault(const JobSpec& from) const {
        const auto secrets = open_secrets(from, *provider);
        return secrets ? "" : secrets.error().code;
    }
    JobSpec bare() const {
        auto out = spec;
        out.secrets.clear();
        return out;
    }
};

Assignment assignment_of(const JobSpec& spec) {
    Assignment out;
    out.job_id = job_id_of(spec);
    out.provider = spec.provider;
    out.docker_image = spec.docker_image;
    out.input_file_cid = spec.input_file_cid;
    out.command = spec.command;
    out.env = spec.env;
    out.requirements = spec.requirements;
    out.chain_id = spec.chain_id;
    out.job_manager = spec.job_manager;
    out.spec = canonical_json(spec);
    return out;
}

}  // namespace

TEST_CASE("secrets that node:crypto sealed are opened, and sealed again to the same bytes") {
    const Vectors v;
    CHECK(job_id_of(v.spec).hex() == v.data.at("jobId"));
    CHECK(v.opened(v.spec) == v.data.at("plains").get<std::map<std::string, std::string>>());
    for (const auto& [name, text] : v.spec.secrets) {
        const auto ephemeral = from_hex(v.data.at("ephemeralKeys").at(name).get<std::string>()).value();
        const auto associated = from_hex(v.data.at("associatedData").at(name).get<std::string>()).value();
        const auto plain = v.data.at("plains").at(name).get<std::string>();
        const auto sealed =
            crypto::seal_with(crypto::SecretBytes(ephemeral), as_bytes(plain), v.public_key, associated);
        CHECK(crypto::to_base64url(*sealed) == text);
    }
}

TEST_CASE("a spec without secrets has no member for them: its id is the same as before") {
    const Vectors v;
    CHECK(job_id_of(v.bare()).hex() == "0xfa5b88c98e54fb557c7a560a1913d5b961a60a1a9453b3d8d4f31c083b5fc220");
    CHECK(canonical_json(v.bare()).find("secrets") == std::string::npos);
    auto text = canonical_json(v.bare());
    text.insert(text.find(",\"version\""), ",\"secrets\":{}");
    CHECK(parse_job_spec(text).error().where == "/secrets");
}

TEST_CASE("a secret opens in its own spec and under its own name only") {
    const Vectors v;
    const std::map<std::string, std::function<void(JobSpec&)>> changes{
        {"salt", [](JobSpec& s) { s.salt.array()[0] ^= 1; }},
        {"renter", [](JobSpec& s) { s.renter.array()[0] ^= 1; }},
        {"provider", [](JobSpec& s) { s.provider.array()[0] ^= 1; }},
        {"image", [](JobSpec& s) { s.docker_image = "attacker/image"; }},
        {"command", [](JobSpec& s) { s.command = {"sh", "-c", "cat /run/secrets/TOKEN"}; }},
        {"environment", [](JobSpec& s) { s.env.emplace("A", "b"); }},
        {"input", [](JobSpec& s) { s.input_file_cid.reset(); }},
        {"network", [](JobSpec& s) { s.requirements.network = true; }},
        {"chain", [](JobSpec& s) { s.chain_id = ChainId{56}; }},
        {"contract", [](JobSpec& s) { s.job_manager.array()[0] ^= 1; }},
        {"payment", [](JobSpec& s) { s.min_payment = 1; }},
        {"names", [](JobSpec& s) { std::swap(s.secrets.at("TOKEN"), s.secrets.at("UTF8")); }},
        {"version byte", [](JobSpec& s) { s.secrets.at("TOKEN")[1] = 'g'; }},
    };
    for (const auto& [what, change] : changes) {
        INFO(what);
        auto changed = v.spec;
        change(changed);
        CHECK(v.fault(changed) == "not_sealed");
    }
    const auto other =
        crypto::LocalSigner::from_hex("ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80")
            .value();
    CHECK(open_secrets(v.spec, *other).error().code == "not_sealed");
}

TEST_CASE("names, sizes and keys of secrets are checked before they are sealed") {
    const Vectors v;
    const auto fault = [&](const std::string& name, std::size_t size, const Bytes& key) {
        const auto sealed = seal_secret(v.bare(), name, Bytes(size, 1), key);
        return sealed ? "" : sealed.error().code;
    };
    CHECK(fault("TOKEN", kMostSecretBytes, v.public_key).empty());
    CHECK(fault("TOKEN", kMostSecretBytes + 1, v.public_key) == "invalid_secret");
    CHECK(fault("TO/KEN", 1, v.public_key) == "invalid_secret");
    CHECK(fault("", 1, v.public_key) == "invalid_secret");
    CHECK(fault("TOKEN", 1, Bytes(33, 9)) == "invalid_public_key");
    const auto other =
        crypto::LocalSigner::from_hex("ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80")
            .value();
    CHECK(fault("TOKEN", 1, other->public_key()) == "invalid_public_key");
}

TEST_CASE("each wrong secret of a spec is refused with its pointer") {
    const Vectors v;
    const auto where = [&](const std::function<void(json&)>& change) {
        auto spec = json::parse(v.data.at("spec").get<std::string>());
        change(spec["secrets"]);
        const auto parsed = parse_job_spec(spec.dump());
        return parsed ? "" : parsed.error().where;
    };
    CHECK(where([](json& s) { s["A B"] = s["TOKEN"]; }) == "/secrets/A B");
    CHECK(where([](json& s) { s["TOKEN"] = "c2hvcnQ"; }) == "/secrets/TOKEN");
    CHECK(where([](json& s) { s["TOKEN"] = s["TOKEN"].get<std::string>() + "="; }) == "/secrets/TOKEN");
    CHECK(where([](json& s) { s["TOKEN"] = crypto::to_base64url(Bytes(16'384 + 51, 1)); }) ==
          "/secrets/TOKEN");
    CHECK(where([](json& s) { s["TOKEN"] = 1; }) == "/secrets/TOKEN");
    CHECK(where([](json& s) { s = nullptr; }) == "/secrets");
    CHECK(where([](json& s) {
              for (int i = 0; i < 16; ++i) {
                  s["N" + std::to_string(i)] = s["TOKEN"];
              }
          }) == "/secrets");
    CHECK(where([](json& s) { s["MORE"] = crypto::to_base64url(Bytes(16'384 + 50, 1)); }).empty());
}

TEST_CASE("a request with secrets is complete and in the stored form: nothing is filled in") {
    const Vectors v;
    SpecDefaults defaults{v.spec.chain_id, v.spec.job_manager, v.spec.min_payment, Bytes32{}};
    const auto text = canonical_json(v.spec);
    CHECK(complete_job_spec(text, defaults).value() == v.spec);
    const auto fault = [&](const std::function<void(json&)>& change) {
        auto spec = json::parse(text);
        change(spec);
        const auto made = complete_job_spec(spec.dump(), defaults);
        return made ? "" : made.error().code + " " + made.error().where;
    };
    CHECK(fault([](json&) {}).empty());
    for (const auto* member :
         {"version", "chainId", "salt", "minPayment", "command", "env", "inputFileCID"}) {
        INFO(member);
        CHECK(fault([&](json& s) { s.erase(member); }) == "not_complete /secrets");
    }
    CHECK(fault([](json& s) { s["requirements"].erase("network"); }) == "not_complete /secrets");
    CHECK(fault([&](json& s) { s["provider"] = crypto::checksum_address(v.spec.provider); }) ==
          "not_complete /secrets");
}

TEST_CASE("an assignment's secrets are opened only for exactly the work of its spec") {
    const Vectors v;
    const auto good = assignment_of(v.spec);
    CHECK(parse_assignment(to_json(good)).value() == good);
    CHECK(sealed_spec(good).value() == v.spec);
    const std::map<std::string, std::function<void(Assignment&)>> changes{
        {"no spec", [](Assignment& a) { a.spec.reset(); }},
        {"no JSON", [](Assignment& a) { a.spec = "{"; }},
        {"not canonical", [](Assignment& a) { a.spec->push_back(' '); }},
        {"job", [](Assignment& a) { a.job_id.array()[0] ^= 1; }},
        {"image", [](Assignment& a) { a.docker_image = "attacker/image"; }},
        {"command", [](Assignment& a) { a.command.emplace_back("x"); }},
        {"environment", [](Assignment& a) { a.env.emplace("A", "b"); }},
        {"input", [](Assignment& a) { a.input_file_cid.reset(); }},
        {"network", [](Assignment& a) { a.requirements.network = true; }},
        {"provider", [](Assignment& a) { a.provider.array()[0] ^= 1; }},
        {"chain", [](Assignment& a) { a.chain_id = ChainId{56}; }},
        {"contract", [](Assignment& a) { a.job_manager.reset(); }},
    };
    for (const auto& [what, change] : changes) {
        INFO(what);
        auto changed = good;
        change(changed);
        CHECK(sealed_spec(changed).error().code == "invalid_spec");
    }
}
