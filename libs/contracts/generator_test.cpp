// Tests of lamda-abigen as a program: its output is deterministic, and an ABI that it cannot turn into C++ is
// refused by name.
#include <sys/wait.h>

#include <catch2/catch.hpp>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "testkit/process.hpp"

namespace {

namespace fs = std::filesystem;

std::string read_file(const fs::path& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

struct Folder {
    Folder() {
        std::string name = (fs::temp_directory_path() / "lamda-abigen-XXXXXX").string();
        REQUIRE(mkdtemp(name.data()) != nullptr);
        path = name;
    }
    ~Folder() { fs::remove_all(path); }
    fs::path path;
};

struct Outcome {
    int status;
    std::string output;
};

Outcome generate(const fs::path& out, const fs::path& abi) {
    const std::string command = lamda::testkit::binary_dir() + "/bin/lamda-abigen --out " + out.string() +
                                " " + abi.string() + " 2>&1";
    std::FILE* pipe = popen(command.c_str(), "r");
    REQUIRE(pipe != nullptr);
    Outcome outcome{};
    char piece[4096];
    for (std::size_t n = 0; (n = fread(piece, 1, sizeof(piece), pipe)) > 0;) {
        outcome.output.append(piece, n);
    }
    outcome.status = WEXITSTATUS(pclose(pipe));
    return outcome;
}

}  // namespace

TEST_CASE("generator: a second run writes the same bytes") {
    const Folder folder;
    for (const auto& [title, name] :
         {std::pair("JobManager", "job_manager"), std::pair("NodeReputation", "node_reputation")}) {
        const Outcome outcome = generate(folder.path, fs::path(lamda::testkit::source_dir()) / "proto/abi" /
                                                          (std::string(title) + ".json"));
        INFO(outcome.output);
        REQUIRE(outcome.status == 0);
        for (const char* ending : {".hpp", ".cpp"}) {
            const std::string file = std::string("contracts/") + name + ending;
            const std::string built = read_file(fs::path(lamda::testkit::binary_dir()) / "generated" / file);
            REQUIRE_FALSE(built.empty());
            CHECK(read_file(folder.path / file) == built);
        }
    }
}

TEST_CASE("generator: an unsupported entry is refused by name, and nothing is written") {
    const Folder folder;
    const fs::path abi = folder.path / "Odd.json";
    const auto refusal = [&](const std::string& entries, const std::string& code = "0x6001") {
        std::ofstream(abi) << R"({"contractName":"Odd","compiler":"0","bytecode":")" + code + R"(","abi":[)" +
                                  entries + "]}";
        const Outcome outcome = generate(folder.path, abi);
        CHECK(outcome.status == 1);
        CHECK_FALSE(fs::exists(folder.path / "contracts"));
        return outcome.output;
    };
    const auto contains = [](const std::string& text) { return Catch::Matchers::Contains(text); };
    const std::string event = R"({"type":"event","name":"E","inputs":[]})";
    const auto function = [](const std::string& name, const std::string& type) {
        return R"({"type":"function","name":")" + name + R"(","outputs":[],"inputs":[{"name":"x","type":")" +
               type + R"(","internalType":"x","components":[]}]})";
    };
    CHECK_THAT(refusal(event + "," + function("f", "uint96")), contains("function f: the type `uint96`"));
    CHECK_THAT(refusal(event + "," + function("f", "uint256[]")),
               contains("function f: the type `uint256[]`"));
    CHECK_THAT(refusal(event + "," + function("f", "tuple")), contains("function f: tuples without"));
    CHECK_THAT(refusal(event + "," + function("f", "bool") + "," + function("f", "address")),
               contains("overloads"));
    CHECK_THAT(refusal(event + "," + function("f;g", "bool")), contains("is not a name"));
    CHECK_THAT(refusal(function("f", "bool")), contains("without events"));
    CHECK_THAT(
        refusal(R"({"type":"event","name":"E","inputs":[{"name":"s","type":"string","indexed":true}]})"),
        contains("event E: an indexed `string`"));
    CHECK_THAT(refusal(R"({"type":"event","name":"E","anonymous":true,"inputs":[]})"), contains("anonymous"));
    CHECK_THAT(
        refusal(
            R"({"type":"event","name":"E","inputs":[{"name":"a","type":"bool"},{"name":"_a","type":"bool"}]})"),
        contains("two parameters are called `a`"));
    CHECK_THAT(refusal(R"({"type":"event","name":"E"})"), contains("event E: an array `inputs` is missing"));
    CHECK_THAT(refusal(event, "0x60__$abc$__"), contains("`bytecode`"));
    CHECK_THAT(refusal("7"), contains("a string `type` is missing"));
    std::ofstream(abi) << "not JSON";
    CHECK_THAT(generate(folder.path, abi).output, contains("Odd.json: a JSON object"));
    CHECK_THAT(generate(folder.path, folder.path / "absent.json").output, contains("cannot be read"));
}
