#include "services/api-gateway/bus/bus_reply.hpp"

#include <nlohmann/json.hpp>

#include "problem/problem.hpp"

namespace lamda::gateway {

void require_result(const std::string& text) {
    const auto reply = nlohmann::json::parse(text, nullptr, false);
    if (!reply.is_object()) {
        throw std::runtime_error("a service's reply on the bus is not a JSON object");
    }
    const auto status = reply.find("status");
    if (!reply.contains("code") || status == reply.end() || !status->is_number_integer() ||
        status->get<int>() < 400) {
        return;
    }
    problem::Problem problem{status->get<int>(),
                             reply.value("code", "refused"),
                             reply.value("title", ""),
                             reply.value("detail", ""),
                             {}};
    if (const auto errors = reply.find("errors"); errors != reply.end() && errors->is_array()) {
        for (const auto& error : *errors) {
            problem.errors.push_back(
                {error.value("pointer", ""), error.value("code", ""), error.value("detail", "")});
        }
    }
    throw problem::Problem(std::move(problem));
}

}  // namespace lamda::gateway
