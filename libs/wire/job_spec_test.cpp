#include "wire/job_spec.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <functional>

#include "crypto/digest.hpp"

using namespace lamda;
using namespace lamda::wire;

namespace {

/// The example of the specification, 603 bytes.
const std::string kExample =
    R"({"chainId":97,"command":["sh","-c","wc -c < /input > /output/result"],"dockerImage":"lamda/busybox:1.35",)"
    R"("env":{"LANG":"C"},"inputFileCID":"bafkreigwugueqefro4k2mljnaebmjqt3wmk3bh6t3g7y3yi4tsh3z56pku",)"
    R"("jobManager":"0xd9264b533dd53198c7ae345c6afe8ef054303b53","minPayment":"10000000000000000",)"
    R"("provider":"0x90f79bf6eb2c4f870365e785982e1f101e93b906","renter":"0x15d34aaf54267db7d7c367839aaf71a00a2c6a65",)"
    R"("requirements":{"cpuMillis":1000,"diskMib":64,"gpuCount":0,"memoryMib":64,"network":false,)"
    R"("timeLimitSeconds":60},"salt":"0x000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f","version":1})";

std::string replaced(std::string text, const std::string& what, const std::string& with) {
    const auto at = text.find(what);
    INFO("nothing to replace: " << what);
    REQUIRE(at != std::string::npos);
    return text.replace(at, what.size(), with);
}

std::string repeated(const std::string& item, int times) {
    std::string out;
    for (int i = 0; i < times; ++i) {
        out += (i == 0 ? "" : ",") + item;
    }
    return out;
}

const SpecDefaults kDefaults{
    .chain_id = {97},
    .job_manager = Address::parse("0xd9264B533dD53198C7aE345C6aFE8EF054303b53").value(),
    .payment = 12345,
    .salt = Bytes32::parse("0x" + std::string(64, 'a')).value(),
};

}  // namespace

TEST_CASE("a spec's job id and CID are the digest of its canonical form") {
    REQUIRE(kExample.size() == 603);
    const auto spec = parse_job_spec(kExample);
    REQUIRE(spec);
    CHECK(canonical_json(*spec) == kExample);
    CHECK(job_id_of(*spec).hex() == "0xfa5b88c98e54fb557c7a560a1913d5b961a60a1a9453b3d8d4f31c083b5fc220");
    CHECK(spec_cid(job_id_of(*spec)).to_string() ==
          "bafkreih2loemtdsu7nkxy6swbimrhvnzmgtauguukoz5rvhtdqedwx6cea");
    CHECK(parse_canonical_job_spec(kExample).value() == *spec);
}

TEST_CASE("a spec need not be canonical on input, except for parse_canonical_job_spec") {
    std::string spaced = replaced(kExample, R"("chainId":97,)", "");
    spaced = replaced(spaced, R"("version":1})", "\"version\" : 1,\n \"chainId\":97}");
    spaced = replaced(spaced, "wc -c", "\\u0077c -c");
    CHECK(canonical_json(parse_job_spec(spaced).value()) == kExample);
    CHECK(parse_canonical_job_spec(spaced).error().code == "not_canonical");
    CHECK(parse_canonical_job_spec(kExample + "\n").error().code == "not_canonical");
}

TEST_CASE("each breach of the field table is refused with its place") {
    struct Breach {
        const char* what;
        const char* with;
        const char* where;
        const char* code;
    };
    const std::string address = "\"0x90f79bf6eb2c4f870365e785982e1f101e93b906\"";
    const auto breach = GENERATE(values<Breach>({
        {R"("version":1)", R"("version":2)", "/version", "out_of_range"},
        {R"("version":1)", R"("version":"1")", "/version", "invalid_type"},
        {R"(,"version":1)", "", "/version", "missing_field"},
        {R"("version":1)", R"("version":1,"more":1)", "/more", "unknown_field"},
        {R"("version":1)", R"("version":1,"version":1)", "/version", "duplicate_key"},
        {R"("version":1)", R"("version":1.0)", "/version", "not_representable"},
        {R"("chainId":97)", R"("chainId":0)", "/chainId", "out_of_range"},
        {R"("chainId":97)", R"("chainId":-1)", "/chainId", "out_of_range"},
        {R"("chainId":97)", R"("chainId":9007199254740992)", "/chainId", "not_representable"},
        {R"("chainId":97)", R"("chainId":97e0)", "/chainId", "not_representable"},
        {R"("chainId":97)", R"("chainId":null)", "/chainId", "invalid_type"},
        {"0xd9264b533dd5", "0xd9264B533dd5", "/jobManager", "not_lowercase"},
        {"0x90f79bf6", "0x90F79bf6", "/provider", "not_lowercase"},
        {"0x15d34aaf", "0x15D34aaf", "/renter", "not_lowercase"},
        {"0x15d34aaf", "15d34aaf", "/renter", "invalid_address"},
        {R"("10000000000000000")", "10000000000000000", "/minPayment", "not_representable"},
        {R"("10000000000000000")", R"("010")", "/minPayment", "invalid_number"},
        {R"("10000000000000000")", R"("-1")", "/minPayment", "invalid_number"},
        {R"("10000000000000000")", R"("0x10")", "/minPayment", "invalid_number"},
        {R"("10000000000000000")", R"("")", "/minPayment", "out_of_range"},
        {R"("lamda/busybox:1.35")", R"("")", "/dockerImage", "out_of_range"},
        {"lamda/busybox:1.35", "Lamda/busy box", "/dockerImage", "invalid_image"},
        {"wc -c <", "wc\\u0000-c <", "/command/2", "invalid_text"},
        {R"({"LANG":"C"})", R"({"LANG":"\u0000"})", "/env/LANG", "invalid_text"},
        {R"("lamda/busybox:1.35")", "null", "/dockerImage", "invalid_type"},
        {"bafkreigwugueqefro4k2mljnaebmjqt3wmk3bh6t3g7y3yi4tsh3z56pku", "bafk", "/inputFileCID",
         "invalid_cid"},
        {R"("inputFileCID":"bafkreigwugueqefro4k2mljnaebmjqt3wmk3bh6t3g7y3yi4tsh3z56pku",)", "",
         "/inputFileCID", "missing_field"},
        {R"("-c")", "1", "/command/1", "invalid_type"},
        {R"(["sh","-c","wc -c < /input > /output/result"])", R"("sh")", "/command", "invalid_type"},
        {R"({"LANG":"C"})", R"({"1A":"C"})", "/env/1A", "invalid_name"},
        {R"({"LANG":"C"})", R"({"a/b~":"C"})", "/env/a~1b~0", "invalid_name"},
        {R"({"LANG":"C"})", R"({"":"C"})", "/env/", "invalid_name"},
        {R"({"LANG":"C"})", R"({"LANG":1})", "/env/LANG", "invalid_type"},
        {R"({"LANG":"C"})", R"({"LANG":"C","LANG":"D"})", "/env/LANG", "duplicate_key"},
        {R"({"LANG":"C"})", "[]", "/env", "invalid_type"},
        {R"("cpuMillis":1000)", R"("cpuMillis":0)", "/requirements/cpuMillis", "out_of_range"},
        {R"("cpuMillis":1000)", R"("cpuMillis":256001)", "/requirements/cpuMillis", "out_of_range"},
        {R"("memoryMib":64)", R"("memoryMib":7)", "/requirements/memoryMib", "out_of_range"},
        {R"("memoryMib":64)", R"("memoryMib":1048577)", "/requirements/memoryMib", "out_of_range"},
        {R"("diskMib":64)", R"("diskMib":0)", "/requirements/diskMib", "out_of_range"},
        {R"("diskMib":64)", R"("diskMib":1048577)", "/requirements/diskMib", "out_of_range"},
        {R"("gpuCount":0)", R"("gpuCount":17)", "/requirements/gpuCount", "out_of_range"},
        {R"("gpuCount":0)", R"("gpuCount":-1)", "/requirements/gpuCount", "out_of_range"},
        {R"("network":false)", R"("network":0)", "/requirements/network", "invalid_type"},
        {R"("network":false)", R"("network":false,"readOnlyRoot":1)", "/requirements/readOnlyRoot",
         "invalid_type"},
        {R"("network":false)", R"("network":false,"readOnlyRoot":null)", "/requirements/readOnlyRoot",
         "invalid_type"},
        {R"("network":false)", R"("network":false,"readOnlyRoot":false)", "/requirements/readOnlyRoot",
         "out_of_range"},
        {R"("timeLimitSeconds":60)", R"("timeLimitSeconds":0)", "/requirements/timeLimitSeconds",
         "out_of_range"},
        {R"("timeLimitSeconds":60)", R"("timeLimitSeconds":86401)", "/requirements/timeLimitSeconds",
         "out_of_range"},
        {R"(,"timeLimitSeconds":60)", "", "/requirements/timeLimitSeconds", "missing_field"},
        {R"("gpuCount":0)", R"("gpuCount":0,"tpu":1)", "/requirements/tpu", "unknown_field"},
        {R"("gpuCount":0)", R"("gpuCount":[[[1]]])", "/requirements/gpuCount/0/0", "too_deep"},
        {"0x0001020304", "0x0001020304ff", "/salt", "invalid_bytes32"},
        {"0a0b0c0d", "0A0B0C0D", "/salt", "not_lowercase"},
        {R"({"chainId")", R"([{"chainId")", "", "invalid_json"},
        {"/output/result", "/output/\xff", "", "invalid_json"},
        {"/output/result", "/output/\\ud800", "", "invalid_json"},
    }));
    const auto text = replaced(kExample, breach.what, breach.with);
    INFO("instead of " << breach.what << ": " << breach.with);
    const auto spec = parse_job_spec(text);
    REQUIRE_FALSE(spec);
    INFO(spec.error().message);
    CHECK(spec.error().where == breach.where);
    CHECK(spec.error().code == breach.code);
}

TEST_CASE("a read-only root is part of the job id, and its absence is not stored") {
    const auto text = replaced(kExample, R"("network":false)", R"("network":false,"readOnlyRoot":true)");
    const auto spec = parse_canonical_job_spec(text);
    REQUIRE(spec);
    CHECK(spec->requirements.read_only_root);
    CHECK(canonical_json(*spec) == text);
    // SHA-256 of the text, by sha256sum.
    CHECK(job_id_of(*spec).hex() == "0x74e466826e6e863869d532291ab526b4957ff53c3620ae94ebc0ec84418adf5d");
    CHECK_FALSE(parse_job_spec(kExample)->requirements.read_only_root);

    const auto asked = [](const std::string& flag) {
        return complete_job_spec(replaced(kExample, R"("network":false)", R"("readOnlyRoot":)" + flag),
                                 kDefaults);
    };
    CHECK(asked("true").value() == *spec);
    CHECK(canonical_json(asked("false").value()) == kExample);
    CHECK(asked("null").error().where == "/requirements/readOnlyRoot");
}

TEST_CASE("the bounds of a spec are inclusive, and a value beyond is refused") {
    const auto command = [](int count, int size) {
        return replaced(kExample, R"("sh","-c","wc -c < /input > /output/result")",
                        repeated("\"" + std::string(static_cast<std::size_t>(size), 'x') + "\"", count));
    };
    CHECK(parse_job_spec(command(0, 1)));
    CHECK(parse_job_spec(command(256, 100)));
    CHECK(parse_job_spec(command(257, 100)).error().where == "/command");
    CHECK(parse_job_spec(command(1, 4096)));
    CHECK(parse_job_spec(command(1, 4097)).error().where == "/command/0");

    const auto image = [](std::size_t size) {
        return replaced(kExample, "lamda/busybox:1.35", std::string(size, 'x'));
    };
    CHECK(parse_job_spec(image(255)));
    CHECK(parse_job_spec(image(256)).error().where == "/dockerImage");

    const auto env = [](int count, std::size_t name) {
        std::string all;
        for (int i = 0; i < count; ++i) {
            const std::string number = std::to_string(i);
            all += (i == 0 ? "\"" : ",\"") + std::string(name - number.size(), '_') + number + "\":\"\"";
        }
        return replaced(kExample, R"("LANG":"C")", all);
    };
    CHECK(parse_job_spec(env(128, 64)));
    CHECK(parse_job_spec(env(129, 64)).error().where == "/env");
    CHECK(parse_job_spec(env(1, 65)).error().code == "invalid_name");

    const auto sized = [](std::size_t bytes) {
        return replaced(kExample, R"("LANG":"C")", R"("LANG":")" + std::string(bytes - 602, 'x') + "\"");
    };
    REQUIRE(sized(65536).size() == 65536);
    CHECK(parse_job_spec(sized(65536)));
    CHECK(parse_job_spec(sized(65537)).error().code == "too_large");
    CHECK(parse_job_spec(std::string(1U << 20, ' ') + kExample).error().code == "too_large");
}

TEST_CASE("a spec with a missing or altered byte never has the same job id") {
    const auto id = job_id_of(parse_job_spec(kExample).value());
    for (std::size_t i = 0; i < kExample.size(); ++i) {
        CHECK_FALSE(parse_job_spec(kExample.substr(0, i)));
        std::string altered = kExample;
        altered[i] = static_cast<char>(altered[i] ^ 1);
        if (const auto spec = parse_job_spec(altered)) {
            INFO("byte " << i);
            CHECK(job_id_of(*spec) != id);
        }
    }
}

TEST_CASE("a request's spec is completed with the market's values") {
    const auto spec = complete_job_spec(
        R"({"renter":"0x15D34AAF54267DB7D7C367839AAF71A00A2C6A65","provider":"0x90F79bf6EB2c4f870365E785982E1f101E93b906",
            "dockerImage":"a"})",
        kDefaults);
    REQUIRE(spec);
    CHECK(
        canonical_json(*spec) ==
        R"({"chainId":97,"command":[],"dockerImage":"a","env":{},"inputFileCID":null,)"
        R"("jobManager":"0xd9264b533dd53198c7ae345c6afe8ef054303b53","minPayment":"12345",)"
        R"("provider":"0x90f79bf6eb2c4f870365e785982e1f101e93b906","renter":"0x15d34aaf54267db7d7c367839aaf71a00a2c6a65",)"
        R"("requirements":{"cpuMillis":1000,"diskMib":1024,"gpuCount":0,"memoryMib":512,"network":false,)"
        R"("timeLimitSeconds":3600},"salt":"0xaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa","version":1})");
    CHECK(complete_job_spec(kExample, kDefaults).value() == parse_job_spec(kExample).value());
}

TEST_CASE("a request's spec keeps its given values, and forbidden values are refused") {
    const std::string start =
        R"({"renter":"0x15d34aaf54267db7d7c367839aaf71a00a2c6a65","provider":"0x90f79bf6eb2c4f870365e785982e1f101e93b906",)"
        R"("dockerImage":"a")";
    const auto complete = [&](const std::string& rest) {
        return complete_job_spec(start + rest + "}", kDefaults);
    };

    const auto some = complete(R"(,"requirements":{"memoryMib":8},"minPayment":"7")");
    REQUIRE(some);
    CHECK(some->requirements.memory_mib == 8);
    CHECK(some->requirements.disk_mib == 1024);
    CHECK(some->min_payment == 7);

    CHECK(complete(R"(,"chainId":56)").error().where == "/chainId");
    CHECK(complete(R"(,"jobManager":"0x90f79bf6eb2c4f870365e785982e1f101e93b906")").error().where ==
          "/jobManager");
    CHECK(complete(R"(,"requirements":{"memoryMb":8})").error().where == "/requirements/memoryMb");
    CHECK(complete(R"(,"requirements":null)").error().where == "/requirements");
    CHECK(complete(R"(,"priority":1)").error().where == "/priority");
    CHECK(complete_job_spec("[]", kDefaults).error().code == "invalid_type");
    CHECK(complete_job_spec(R"({"provider":"0x90f79bf6eb2c4f870365e785982e1f101e93b906","dockerImage":"a"})",
                            kDefaults)
              .error() == Error{"missing_field", "the field is required", "/renter"});
    CHECK(complete_job_spec(replaced(kExample, "0x15d34aaf", "0x15d34aa"), kDefaults).error().where ==
          "/renter");
}

TEST_CASE("a request's spec names every wrong field once") {
    std::vector<Error> breaches;
    CHECK_FALSE(complete_job_spec(
        R"({"provider":"0x90F79bf6EB2c4f870365E785982E1f101E93b960","dockerImage":"busy box","colour":1,)"
        R"("inputFileCID":"/ipfs/bafk","command":["\u0000",1],"env":{"1":"","A":2},"requirements":{"gpuCount":17}})",
        kDefaults, &breaches));
    std::vector<std::string> places;
    for (const auto& breach : breaches) {
        places.push_back(breach.where);
    }
    std::sort(places.begin(), places.end());
    CHECK(places == std::vector<std::string>{"/colour", "/command/0", "/command/1", "/dockerImage", "/env/1",
                                             "/env/A", "/inputFileCID", "/provider", "/renter",
                                             "/requirements/gpuCount"});
    const auto code_at = [&](const std::string& place) {
        return std::find_if(breaches.begin(), breaches.end(),
                            [&](const Error& e) { return e.where == place; })
            ->code;
    };
    CHECK(code_at("/provider") == "invalid_checksum");
    CHECK(code_at("/renter") == "missing_field");
    CHECK(code_at("/dockerImage") == "invalid_image");
}

TEST_CASE("a request's spec must not have the zero address, and stores CIDs in one form") {
    const auto with = [](const std::string& provider, const std::string& cid) {
        return complete_job_spec(R"({"renter":"0x15d34aaf54267db7d7c367839aaf71a00a2c6a65","provider":")" +
                                     provider + R"(","dockerImage":"a","inputFileCID":")" + cid + "\"}",
                                 kDefaults);
    };
    const std::string provider = "0x90f79bf6eb2c4f870365e785982e1f101e93b906";
    const std::string cid = "bafkreigwugueqefro4k2mljnaebmjqt3wmk3bh6t3g7y3yi4tsh3z56pku";
    std::string upper = cid;
    std::transform(upper.begin(), upper.end(), upper.begin(),
                   [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; });
    CHECK(with(provider, upper).value().input_file_cid == cid);
    CHECK(with("0x" + std::string(40, '0'), cid).error().where == "/provider");
    CHECK(with(provider, "ipfs://" + cid).error().where == "/inputFileCID");
}

TEST_CASE("a creation on chain that contradicts its spec is named") {
    const auto spec = parse_job_spec(kExample).value();
    const OnChainJob job{spec.chain_id, spec.job_manager, spec.renter, spec.provider, spec.min_payment};
    CHECK_FALSE(contradiction(spec, job));

    const auto with = [&](const std::function<void(OnChainJob&)>& change) {
        OnChainJob other = job;
        change(other);
        return contradiction(spec, other).value_or("");
    };
    const auto contains = [](const std::string& text) { return Catch::Matchers::Contains(text); };
    CHECK_THAT(with([](auto& j) { j.chain_id = {56}; }),
               contains("the chain is 97 in the spec and 56 on chain"));
    CHECK_THAT(with([](auto& j) { j.job_manager = {}; }), contains("the contract"));
    CHECK_THAT(with([](auto& j) { j.renter = {}; }), contains("the renter"));
    CHECK_THAT(with([](auto& j) { j.provider = {}; }), contains("the provider"));
    CHECK_THAT(with([](auto& j) { j.payment -= 1; }), contains("the payment is 9999999999999999 wei"));
    CHECK(with([](auto& j) { j.payment += 1; }).empty());
}

TEST_CASE("RFC 8785: the published examples without floats") {
    // Section 3.2.2 without its "numbers" (a spec has no floats), and section 3.2.3.
    CHECK(
        canonicalize_json(
            R"({"string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/", "literals": [null, true, false]})")
            .value() ==
        "{\"literals\":[null,true,false],\"string\":\"\u20ac$\\u000f\\nA'B\\\"\\\\\\\\\\\"/\"}");
    CHECK(
        canonicalize_json(
            R"({"\u20ac": "Euro Sign", "\r": "Carriage Return", "\ufb33": "Hebrew Letter Dalet With Dagesh", "1": "One",
                  "\ud83d\ude00": "Emoji: Grinning Face", "\u0080": "Control", "\u00f6": "Latin Small Letter O With Diaeresis"})")
            .value() ==
        "{\"\\r\":\"Carriage Return\",\"1\":\"One\",\"\u0080\":\"Control\","
        "\"\u00f6\":\"Latin Small Letter O With Diaeresis\",\"\u20ac\":\"Euro Sign\","
        "\"\U0001f600\":\"Emoji: Grinning Face\",\"\ufb33\":\"Hebrew Letter Dalet With Dagesh\"}");
    // Reference data of the RFC: structures, arrays, weird.
    CHECK(
        canonicalize_json(R"({"1": {"f": {"f": "hi","F": 5} ,"\n": 56}, "10": { }, "": "empty", "a": { },
                                "111": [ {"e": "yes","E": "no" } ], "A": { }})")
            .value() ==
        R"({"":"empty","1":{"\n":56,"f":{"F":5,"f":"hi"}},"10":{},"111":[{"E":"no","e":"yes"}],"A":{},"a":{}})");
    CHECK(canonicalize_json(R"([56, {"d": true, "10": null, "1": [ ]}])").value() ==
          R"([56,{"1":[],"10":null,"d":true}])");
    CHECK(canonicalize_json(R"(["\b\f\n\r\t\u001f\u007f</script>"])").value() ==
          "[\"\\b\\f\\n\\r\\t\\u001f\x7f</script>\"]");
    CHECK(canonicalize_json("-0").value() == "0");
    CHECK(canonicalize_json("9007199254740991").value() == "9007199254740991");
}

TEST_CASE("RFC 8785: JSON without an exact canonical form is refused") {
    CHECK(canonicalize_json("9007199254740992").error().code == "not_representable");
    CHECK(canonicalize_json("-9007199254740992").error().code == "not_representable");
    CHECK(canonicalize_json("[1,{\"a\":[0.5]}]").error() ==
          Error{"not_representable", "numbers are integers between -(2^53 - 1) and 2^53 - 1 here", "/1/a/0"});
    CHECK(canonicalize_json("{\"a\":[{\"b\":1,\"c\":2,\"b\":3}]}").error().where == "/a/0/b");
    for (const auto* text : {"", " ", "{", "[1,]", "nul", "\"\x01\"", "\"\\ud800\"", "1 2",
                             "{\"a\":1,\"a\":1}", "\xef\xbf", "{a:1}", "'a'", "+1", "01", "NaN"}) {
        INFO(text);
        REQUIRE_FALSE(canonicalize_json(text));
        CHECK(canonicalize_json(text).error().code == "invalid_json");
    }
    CHECK(canonicalize_json(std::string(10000, '[')).error().code == "not_representable");
}
