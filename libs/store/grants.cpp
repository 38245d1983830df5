#include "store/grants.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "store/values.hpp"

namespace lamda::store {

namespace {

std::string trimmed(std::string_view text) {
    const auto first = text.find_first_not_of(' ');
    return first == std::string_view::npos
               ? std::string()
               : std::string(text.substr(first, text.find_last_not_of(' ') - first + 1));
}

/// Splits at commas outside of parentheses.
std::vector<std::string> split(std::string_view list) {
    std::vector<std::string> out;
    std::size_t begin = 0;
    int depth = 0;
    for (std::size_t i = 0; i <= list.size(); ++i) {
        if (i == list.size() || (list[i] == ',' && depth == 0)) {
            out.push_back(trimmed(list.substr(begin, i - begin)));
            begin = i + 1;
        } else {
            depth += list[i] == '(' ? 1 : list[i] == ')' ? -1 : 0;
        }
    }
    return out;
}

std::string_view schema_of(std::string_view object) {
    return object.substr(0, object.find('.'));
}

std::string_view kind_of(const Privilege& privilege) {
    return privilege.object.ends_with(')') ? "FUNCTION" : privilege.granted == "USAGE" ? "SEQUENCE" : "TABLE";
}

/// Schemas named in the list, except `public`, which every role can use.
std::set<std::string> schemas_of(std::span<const Privilege> privileges) {
    std::set<std::string> out;
    for (const auto& privilege : privileges) {
        if (const auto schema = schema_of(privilege.object); schema != "public") {
            out.emplace(schema);
        }
    }
    return out;
}

std::string policies_of(std::span<const Privilege> privileges, const std::set<std::string>& roles) {
    std::set<std::string_view> tables;
    std::string out;
    for (const auto& privilege : privileges) {
        if (privilege.rows.empty() || !roles.contains(std::string(privilege.role))) {
            continue;
        }
        if (tables.insert(privilege.object).second) {
            out += fmt::format(
                "ALTER TABLE {0} ENABLE ROW LEVEL SECURITY;\n"
                "CREATE POLICY lamda_everybody ON {0} USING (true) WITH CHECK (true);\n",
                privilege.object);
        }
        out +=
            fmt::format("CREATE POLICY {0} ON {1} AS RESTRICTIVE TO {0} USING ({2}) WITH CHECK ({2}{3});\n",
                        privilege.role, privilege.object, privilege.rows,
                        privilege.new_rows.empty() ? "" : fmt::format(" AND {}", privilege.new_rows));
    }
    return out;
}

/// State in the catalogs of everything that grant_script() sets.
constexpr auto kState = R"(
SELECT encode(sha256(convert_to(string_agg(line, E'\n' ORDER BY line), getdatabaseencoding())), 'hex') AS state FROM (
    SELECT format('relation %s %s %s', c.oid, c.relacl, c.relrowsecurity) AS line
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = ANY ($1::text[]) AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
       OR n.nspname = 'public' AND c.relname IN ('lamda_migration', 'lamda_grants')
    UNION ALL
    SELECT format('column %s %s %s', a.attrelid, a.attnum, a.attacl)
    FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE a.attacl IS NOT NULL AND n.nspname = ANY ($1::text[])
    UNION ALL
    SELECT format('function %s %s', p.oid, p.proacl)
    FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE n.nspname = ANY ($1::text[])
    UNION ALL
    SELECT format('schema %s %s', n.oid, n.nspacl) FROM pg_namespace n WHERE n.nspname = ANY ($1::text[])
    UNION ALL
    SELECT format('policy %s %s %s %s %s', p.polrelid, p.polname, p.polroles, pg_get_expr(p.polqual, p.polrelid),
                  pg_get_expr(p.polwithcheck, p.polrelid))
    FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = ANY ($1::text[])
) AS lines)";

std::string state_of(Txn& txn, const std::set<std::string>& schemas) {
    return txn.one(kState, {array_of(schemas)}).get<std::string>("state");
}

/// Roles of the list that have CONNECT in this database's own ACL. Roles belong to the whole server, where
/// another database may use one role for all services.
std::vector<std::string> roles_here(Txn& txn, std::span<const Privilege> privileges) {
    std::set<std::string> named;
    for (const auto& privilege : privileges) {
        named.emplace(privilege.role);
    }
    std::vector<std::string> out;
    for (const auto& row : txn.exec(
             "SELECT r.rolname::text AS name FROM pg_roles r WHERE r.rolname = ANY ($1::text[]) AND EXISTS "
             "(SELECT 1 FROM pg_database d, aclexplode(d.datacl) a WHERE d.datname = "
             "current_database() AND a.grantee = r.oid AND a.privilege_type = 'CONNECT') ORDER BY 1",
             {array_of(named)})) {
        out.push_back(row.get<std::string>("name"));
    }
    return out;
}

}  // namespace

std::vector<Grant> grants_of(const Privilege& privilege) {
    std::vector<Grant> out;
    for (const auto& item : split(privilege.granted)) {
        const auto open = item.find('(');
        const std::string what = trimmed(std::string_view(item).substr(0, open));
        if (open == std::string::npos) {
            out.push_back({std::string(privilege.object), what, ""});
            continue;
        }
        for (const auto& column : split(std::string_view(item).substr(open + 1, item.size() - open - 2))) {
            out.push_back({std::string(privilege.object), what, column});
        }
    }
    return out;
}

std::string grant_script(std::span<const Privilege> privileges, const std::vector<std::string>& roles) {
    const auto schemas = schemas_of(privileges);
    const auto all_schemas = fmt::format("{}", fmt::join(schemas, ", "));
    const auto all_roles = fmt::format("{}", fmt::join(roles, ", "));
    std::string out;
    for (const char* kind : {"TABLES", "SEQUENCES", "ROUTINES"}) {
        out +=
            fmt::format("REVOKE ALL ON ALL {} IN SCHEMA {} FROM PUBLIC, {};\n", kind, all_schemas, all_roles);
    }
    out += fmt::format("REVOKE ALL ON SCHEMA {} FROM PUBLIC, {};\n", all_schemas, all_roles);
    out += fmt::format("REVOKE ALL ON public.lamda_migration, public.lamda_grants FROM PUBLIC, {};\n",
                       all_roles);
    out += fmt::format(
        "DO $$ DECLARE p record; BEGIN\n"
        "FOR p IN SELECT schemaname, tablename, policyname FROM pg_policies WHERE policyname LIKE "
        "'lamda\\_%' "
        "AND schemaname = ANY ('{{{}}}'::text[]) LOOP\n"
        "EXECUTE format('DROP POLICY %I ON %I.%I', p.policyname, p.schemaname, p.tablename);\n"
        "END LOOP; END $$;\n",
        fmt::join(schemas, ","));
    const std::set<std::string> chosen(roles.begin(), roles.end());
    std::set<std::pair<std::string_view, std::string_view>> used;
    for (const auto& privilege : privileges) {
        if (!chosen.contains(std::string(privilege.role))) {
            continue;
        }
        const auto schema = schema_of(privilege.object);
        if (schema != "public" && used.emplace(privilege.role, schema).second) {
            out += fmt::format("GRANT USAGE ON SCHEMA {} TO {};\n", schema, privilege.role);
        }
        out += fmt::format("GRANT {} ON {} {} TO {};\n", privilege.granted, kind_of(privilege),
                           privilege.object, privilege.role);
    }
    return out + policies_of(privileges, chosen);
}

void grant_privileges(Txn& txn) {
    const auto privileges = role_privileges();
    const auto roles = roles_here(txn, privileges);
    if (roles.empty()) {
        return;
    }
    const auto schemas = schemas_of(privileges);
    const auto script = grant_script(privileges, roles);
    txn.exec_script(
        "CREATE TABLE IF NOT EXISTS public.lamda_grants (one boolean PRIMARY KEY DEFAULT true CHECK (one), "
        "script text NOT NULL, state text NOT NULL, granted_at timestamptz NOT NULL DEFAULT now())");
    if (const auto last = txn.first("SELECT script, state FROM public.lamda_grants");
        last && last->get<std::string>("script") == script &&
        last->get<std::string>("state") == state_of(txn, schemas)) {
        return;
    }
    txn.exec_script(script);
    txn.exec(
        "INSERT INTO public.lamda_grants (script, state) VALUES ($1, $2) ON CONFLICT (one) DO UPDATE SET "
        "script = excluded.script, state = excluded.state, granted_at = excluded.granted_at",
        {script, state_of(txn, schemas)});
}

bool may_migrate(Txn& txn) {
    return txn
        .one(
            "SELECT CASE WHEN to_regclass('public.lamda_migration') IS NULL "
            "THEN has_database_privilege(current_database(), 'CREATE') ELSE (SELECT pg_has_role(c.relowner, "
            "'USAGE') "
            "FROM pg_class c WHERE c.oid = to_regclass('public.lamda_migration')) END AS may")
        .get<bool>("may");
}

bool may_migrate(Database& database) {
    return database.transact([](Txn& txn) { return may_migrate(txn); });
}

std::vector<std::string> lacking_privileges(Database& database, std::string_view role) {
    std::vector<Grant> wanted;
    for (const auto& privilege : role_privileges()) {
        if (privilege.role == role) {
            const auto grants = grants_of(privilege);
            wanted.insert(wanted.end(), grants.begin(), grants.end());
        }
    }
    return database.transact([&](Txn& txn) {
        std::vector<std::string> out;
        for (const auto& row :
             txn.exec("WITH known AS ("
                      "SELECT format('%s.%s', n.nspname, c.relname) AS name, c.oid, n.oid AS schema, "
                      "c.relkind::text AS kind "
                      "FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind IN "
                      "('r', 'v', 'S') "
                      "UNION ALL "
                      "SELECT format('%s.%s(%s)', n.nspname, p.proname, oidvectortypes(p.proargtypes)), "
                      "p.oid, n.oid, 'function' "
                      "FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE n.nspname <> "
                      "'pg_catalog') "
                      "SELECT w.privilege || CASE w.col WHEN '' THEN '' ELSE ' (' || w.col || ')' END || ' "
                      "on ' || w.object "
                      "AS lacking "
                      "FROM unnest($1::text[], $2::text[], $3::text[]) WITH ORDINALITY AS w (object, "
                      "privilege, col, place) "
                      "LEFT JOIN known k ON k.name = w.object "
                      "WHERE NOT coalesce(has_schema_privilege(k.schema, 'USAGE') AND CASE "
                      "WHEN k.kind = 'function' THEN has_function_privilege(k.oid, w.privilege) "
                      "WHEN k.kind = 'S' THEN has_sequence_privilege(k.oid, w.privilege) "
                      "WHEN w.col <> '' THEN has_column_privilege(k.oid, w.col, w.privilege) "
                      "ELSE has_table_privilege(k.oid, w.privilege) END, false) ORDER BY w.place",
                      {array_of(wanted, &Grant::object), array_of(wanted, &Grant::privilege),
                       array_of(wanted, &Grant::column)})) {
            out.push_back(row.get<std::string>("lacking"));
        }
        return out;
    });
}

}  // namespace lamda::store
