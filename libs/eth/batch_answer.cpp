#include "eth/batch_answer.hpp"

#include <simdjson.h>

#include "eth/rpc.hpp"

namespace lamda::eth {

namespace {

namespace dom = simdjson::dom;

[[noreturn]] void refuse(const net::HttpResponse& response, const char* why) {
    throw BadAnswer(response.status,
                    "a batch: " + std::string(why) + " (HTTP " + std::to_string(response.status) + ")");
}

[[noreturn]] void refuse_whole(const net::HttpResponse& response, dom::object answer) {
    dom::object error;
    std::string_view message;
    std::int64_t code = 0;
    if (answer["error"].get_object().get(error) != simdjson::SUCCESS) {
        refuse(response, "the answer is no array");
    }
    if (error["message"].get_string().get(message) != simdjson::SUCCESS ||
        error["code"].get_int64().get(code) != simdjson::SUCCESS) {
        refuse(response, "an error object without code or message");
    }
    throw RpcError(code, message.empty() ? "an error without a message" : std::string(message), {});
}

}  // namespace

std::vector<std::string> split_batch_answer(const net::HttpResponse& response, std::size_t count) {
    dom::parser parser;
    dom::element root;
    if (parser.parse(response.body).get(root) != simdjson::SUCCESS) {
        refuse(response, "the answer is no JSON");
    }
    dom::array answers;
    if (root.get_array().get(answers) != simdjson::SUCCESS) {
        dom::object object;
        if (root.get_object().get(object) == simdjson::SUCCESS) {
            refuse_whole(response, object);
        }
        refuse(response, "the answer is no array");
    }
    std::vector<std::string> out(count);
    for (const dom::element answer : answers) {
        std::uint64_t id = 0;
        if (answer["id"].get_uint64().get(id) != simdjson::SUCCESS || id >= count) {
            refuse(response, "an answer to nothing that was asked");
        }
        if (!out[id].empty()) {
            refuse(response, "two answers to one call");
        }
        out[id] = simdjson::minify(answer);
    }
    for (const auto& one : out) {
        if (one.empty()) {
            refuse(response, "a call without an answer");
        }
    }
    return out;
}

}  // namespace lamda::eth
