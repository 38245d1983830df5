#include "wire/detail/spec_fields.hpp"

#include "crypto/seal.hpp"

namespace lamda::wire::detail {

std::vector<std::string> read_command(Fields& fields) {
    return fields.texts("command", 256, 4096);
}

std::map<std::string, std::string> read_env(Fields& fields) {
    return fields.environment("env", 128);
}

Requirements read_requirements(Fields& fields) {
    Fields inside = fields.object("requirements");
    Requirements out;
    out.cpu_millis = inside.uint32("cpuMillis", 1, 256000);
    out.memory_mib = inside.uint32("memoryMib", 8, 1048576);
    out.disk_mib = inside.uint32("diskMib", 1, 1048576);
    out.gpu_count = inside.uint32("gpuCount", 0, 16);
    out.network = inside.boolean("network");
    out.time_limit_seconds = inside.uint32("timeLimitSeconds", 1, 86400);
    if (const Json* flag = fields.object_value("requirements").find("readOnlyRoot")) {
        out.read_only_root = inside.boolean("readOnlyRoot");
        if (flag->as<bool>() != nullptr && !out.read_only_root) {
            inside.refuse("out_of_range", "true is needed, or no member", "readOnlyRoot");
        }
    }
    return out;
}

std::map<std::string, std::string> read_secrets(Fields& fields) {
    constexpr std::size_t kMost = 16;
    constexpr std::size_t kMostPlain = 16U << 10;
    auto out = fields.environment("secrets", kMost);
    if (out.empty()) {
        fields.refuse("out_of_range", "1 to 16 secrets are needed, or no member", "secrets");
    }
    Fields inside = fields.object("secrets");
    for (const auto& [name, text] : out) {
        const auto sealed = crypto::from_base64url(text);
        if (!sealed || sealed->size() < crypto::kSealOverhead ||
            sealed->size() > crypto::kSealOverhead + kMostPlain) {
            inside.refuse("invalid_secret", "base64url of a sealed secret of at most 16,384 bytes is needed",
                          name);
        }
    }
    return out;
}

Json command_json(const std::vector<std::string>& command) {
    return Json::Array(command.begin(), command.end());
}

Json env_json(const std::map<std::string, std::string>& env) {
    Json::Object out;
    for (const auto& [name, value] : env) {
        out.push_back({name, value});
    }
    return out;
}

Json requirements_json(const Requirements& requirements) {
    Json::Object out{
        {"cpuMillis", requirements.cpu_millis}, {"memoryMib", requirements.memory_mib},
        {"diskMib", requirements.disk_mib},     {"gpuCount", requirements.gpu_count},
        {"network", requirements.network},      {"timeLimitSeconds", requirements.time_limit_seconds},
    };
    if (requirements.read_only_root) {
        out.emplace_back("readOnlyRoot", true);
    }
    return out;
}

}  // namespace lamda::wire::detail
