import java.sql.Connection;
import java.sql.Date;
import java.sql.DatabaseMetaData;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;

/** What BI tools ask by PostgreSQL's JDBC driver. Prints a line for each: its name and rows. */
public class Drivers {
    interface Question {
        ResultSet ask() throws SQLException;
    }

    static void print(String name, Question question) {
        int rows = 0;
        try (ResultSet answer = question.ask()) {
            while (answer.next()) {
                answer.getString(1);
                rows++;
            }
            System.out.println(name + " " + rows);
        } catch (SQLException error) {
            System.out.println(name + " failed: " + error.getSQLState() + " " + error.getMessage());
        }
    }

    public static void main(String[] arguments) throws SQLException {
        try (Connection connection = DriverManager.getConnection(arguments[0])) {
            describe(connection.getMetaData());
            query(connection);
            fetch(connection);
            cancel(connection);
        }
    }

    static void describe(DatabaseMetaData about) throws SQLException {
        System.out.println("getSQLKeywords " + about.getSQLKeywords().split(",").length);
        print("getCatalogs", () -> about.getCatalogs());
        print("getSchemas", () -> about.getSchemas());
        print("getTables", () -> about.getTables(null, "cubes", "%", new String[] {"TABLE"}));
        print("getColumns", () -> about.getColumns(null, "cubes", "balances", "%"));
        print("getPrimaryKeys", () -> about.getPrimaryKeys(null, "cubes", "balances"));
        print("getImportedKeys", () -> about.getImportedKeys(null, "cubes", "balances"));
        print("getExportedKeys", () -> about.getExportedKeys(null, "cubes", "balances"));
        print("getIndexInfo", () -> about.getIndexInfo(null, "cubes", "balances", false, true));
        print("getTypeInfo", () -> about.getTypeInfo());
        print("getTablePrivileges", () -> about.getTablePrivileges(null, "cubes", "balances"));
        print("getProcedures", () -> about.getProcedures(null, "cubes", "%"));
        print("getFunctions", () -> about.getFunctions(null, "cubes", "%"));
        print("getUDTs", () -> about.getUDTs(null, "cubes", "%", null));
    }

    /** Six times: the driver turns to a prepared statement and binary values after the fifth. */
    static void query(Connection connection) {
        for (int turn = 1; turn <= 6; turn++) {
            print("query" + turn, () -> {
                PreparedStatement statement = connection.prepareStatement(
                    "SELECT region_name, MEASURE(deposit_end_balance) FROM balances"
                        + " WHERE month_end_date >= ? AND region_name <> ? GROUP BY 1 LIMIT ?");
                statement.setDate(1, Date.valueOf("2024-01-01"));
                statement.setString(2, "nowhere");
                statement.setInt(3, 10);
                return statement.executeQuery();
            });
        }
    }

    static void fetch(Connection connection) throws SQLException {
        connection.setAutoCommit(false);
        print("fetch", () -> {
            Statement statement = connection.createStatement();
            statement.setFetchSize(3);
            return statement.executeQuery("SELECT account_id FROM balances LIMIT 10");
        });
        connection.commit();
        connection.setAutoCommit(true);
    }

    static void cancel(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.setQueryTimeout(1);
            statement.executeQuery(
                "SELECT sum(a.i * b.i) FROM generate_series(1, 1000000) a(i),"
                    + " generate_series(1, 1000000) b(i)");
        } catch (SQLException error) {
            System.out.println("cancel " + error.getSQLState());
        }
    }
}
