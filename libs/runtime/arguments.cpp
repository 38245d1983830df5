// Reads command-line arguments and common settings, and reports mistakes (runtime/app.hpp).
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <iostream>

#include "runtime/app.hpp"
#include "telemetry/shown_text.hpp"

namespace lamda::runtime {

using telemetry::shown_text;

namespace {

std::string column(const std::string& text, std::size_t width) {
    return text + std::string(width > text.size() ? width - text.size() : 0, ' ') + "  ";
}

std::string table_of(const std::vector<Settings::Asked>& settings) {
    const auto shown = [](const Settings::Asked& asked) {
        return !asked.fallback           ? std::string("(required)")
               : asked.fallback->empty() ? "(none)"
                                         : *asked.fallback;
    };
    std::size_t names = 0;
    std::size_t defaults = 0;
    for (const auto& asked : settings) {
        names = std::max(names, asked.name.size());
        defaults = std::max(defaults, shown(asked).size());
    }
    std::string out = "Settings, from the environment:\n";
    for (const auto& asked : settings) {
        out += "  " + column(asked.name, names) + column(shown(asked), defaults) + asked.help + "\n";
    }
    return out;
}

}  // namespace

Arguments parse_arguments(int argc, char** argv, const std::string& service, const std::string& summary,
                          const std::function<std::vector<Settings::Asked>()>& settings,
                          const std::vector<ActionOption>& actions) {
    CLI::App app(summary, service);
    app.set_help_flag("-h,--help", "Show this help and every setting");
    app.set_version_flag("--version", service + " " + LAMDA_VERSION, "Show the version");
    Arguments out;
    app.add_flag("--check-config", out.check_config, "Read the settings, report every mistake, and exit");
    app.add_option(
           "--env-file", out.env_files,
           "Also read settings from this file; the environment takes precedence. Of several files the "
           "last one that sets a name counts")
        ->allow_extra_args(false);
    if (!actions.empty()) {
        app.add_flag("--json", out.json, "Write the result of another option as JSON");
    }
    std::vector<CLI::Option*> chosen;
    for (const auto& action : actions) {
        chosen.push_back(app.add_flag(action.option, action.help));
        for (auto* other : std::vector(chosen.begin(), chosen.end() - 1)) {
            chosen.back()->excludes(other);
        }
    }
    app.footer([&] { return table_of(settings()); });
    try {
        app.parse(argc, argv);
        const auto action = std::find_if(chosen.begin(), chosen.end(),
                                         [](const auto* option) { return option->count() > 0; });
        if (action != chosen.end()) {
            out.action = static_cast<std::size_t>(action - chosen.begin());
        }
    } catch (const CLI::Success& wanted) {
        out.exit_now = app.exit(wanted);
    } catch (const CLI::ParseError& wrong) {
        std::cerr << service << ": " << shown_text(wrong.what()) << " (--help shows how)\n";
        out.exit_now = kExitUsage;
    }
    return out;
}

int report_mistakes(const std::string& service, const Settings& settings) {
    if (settings.mistakes().empty()) {
        return 0;
    }
    for (const Mistake& mistake : settings.mistakes()) {
        std::cerr << shown_text(mistake.name) << ": " << shown_text(mistake.message) << "\n";
    }
    std::cerr << service << ": the configuration is not usable (--help lists every setting)\n";
    return kExitConfig;
}

std::optional<EnvFile> read_env_files(const std::string& service, const std::vector<std::string>& paths) {
    EnvFile out;
    for (const auto& path : paths) {
        const auto text = read_secret_file(path);
        if (!text) {
            std::cerr << service << ": " << path << ": the file cannot be read, or is larger than 64 KiB\n";
            return std::nullopt;
        }
        auto file = parse_env_file(text->reveal());
        if (!file) {
            std::cerr << service << ": " << path << ": " << file.error().message << "\n";
            return std::nullopt;
        }
        file.value().merge(out);  // values of the later file take precedence
        out = *std::move(file);
    }
    return out;
}

CommonConfig read_common(Settings& settings) {
    CommonConfig out;
    out.metrics_port =
        settings.port("METRICS_PORT", "port of /metrics, /livez and /readyz; 0: any free one, logged", 0);
    out.bind_address = settings.text("BIND_ADDRESS", "address that this process listens on", "127.0.0.1");
    out.log_level = settings.parsed<telemetry::Level>("LOG_LEVEL", "debug, info, warn or error", "info",
                                                      telemetry::parse_level, telemetry::Level::kInfo);
    out.log_format = settings.one_of("LOG_FORMAT", "json or text", {"json", "text"}, "json") == "text"
                         ? telemetry::Format::kText
                         : telemetry::Format::kJson;
    out.migrate_on_start =
        settings.boolean("MIGRATE_ON_START", "bring the database's schema up to date at the start", true);
    out.environment = settings.environment();
    return out;
}

int run_guarded(const std::string& service, const std::function<int()>& body) {
    try {
        return body();
    } catch (const ConfigError& error) {
        std::cerr << service << ": " << shown_text(error.what()) << "\n";
        return kExitConfig;
    } catch (const std::exception& error) {
        std::cerr << service << ": " << shown_text(error.what()) << "\n";
        return 1;
    }
}

}  // namespace lamda::runtime
