// Compares the filters of the lists with those that proto/ documents. contract_files_node_test compares the
// files of proto/ with each other, so one of them suffices here.
#include <catch2/catch.hpp>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>

#include "testkit/process.hpp"
#include "views/resources.hpp"

using namespace lamda;
using namespace lamda::views;

namespace {

std::set<std::string> documented(const std::string& list) {
    const auto path = testkit::source_dir() + "/proto/messages/" + list + "_query.v1.schema.json";
    const auto schema = nlohmann::json::parse(std::ifstream(path));
    std::set<std::string> out;
    for (const auto& property : schema.at("properties").items()) {
        out.insert(property.key());
    }
    return out;
}

std::set<std::string> accepted(const Resource& list) {
    std::set<std::string> out{"limit", "cursor", "sort"};
    for (const auto& filter : list.filters) {
        out.emplace(filter.name);
    }
    return out;
}

}  // namespace

TEST_CASE("every filter of a list is documented, and every documented one is accepted") {
    CHECK(accepted(kJobs) == documented("job"));
    CHECK(accepted(kNodes) == documented("node"));
}
