#include "services/node-agent/executor/docker/engine_answer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "services/node-agent/executor/docker/docker_engine.hpp"

namespace lamda::agent {

using Json = nlohmann::json;

std::string message_of(const std::string& body) {
    const auto value = Json::parse(body, nullptr, false);
    std::string text = value.is_object() && value.contains("message") && value["message"].is_string()
                           ? value["message"].get<std::string>()
                           : body.substr(0, 300);
    std::replace_if(text.begin(), text.end(), [](unsigned char c) { return c < 0x20; }, ' ');
    return text;
}

void refuse(int status, const std::string& body) {
    throw EngineError(status, fmt::format("the engine answered {}: {}", status, message_of(body)));
}

Json parse_answer(const std::string& body) {
    auto value = Json::parse(body, nullptr, false);
    if (value.is_discarded()) {
        throw EngineError(502, "the engine's answer is not JSON");
    }
    return value;
}

}  // namespace lamda::agent
