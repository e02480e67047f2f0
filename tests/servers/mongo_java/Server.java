import de.bwaldvogel.mongo.MongoServer;
import de.bwaldvogel.mongo.MongoVersion;
import de.bwaldvogel.mongo.backend.QueryResult;
import de.bwaldvogel.mongo.backend.h2.H2Backend;
import de.bwaldvogel.mongo.bson.Document;
import de.bwaldvogel.mongo.wire.message.MongoMessage;
import de.bwaldvogel.mongo.wire.message.MongoQuery;
import java.util.List;
import java.util.Set;
import org.h2.mvstore.MVStore;

/** mongo-java-server on H2, committed before each answer to a write, as a journaled mongod does. */
public class Server {
    private static final Set<String> READING =
        Set.of("find", "aggregate", "getMore", "count", "distinct", "ping", "isMaster", "ismaster", "hello", "killCursors",
            "listCollections", "listIndexes", "buildInfo", "buildinfo", "endSessions");

    public static void main(String[] args) throws Exception {
        MongoServer server = new MongoServer(new Committing(args[0]).version(new Current()));
        server.bind("127.0.0.1", Integer.parseInt(args[1]));
        System.out.println("listening on " + server.getLocalAddress().getPort());
        System.out.flush();
        Thread.currentThread().join();
    }

    private static class Current implements MongoVersion {
        public List<Integer> getVersionArray() {
            return List.of(7, 0, 0);
        }

        public int getWireVersion() {
            return 21;
        }
    }

    private static class Committing extends H2Backend {
        Committing(String file) {
            super(new MVStore.Builder().fileName(file).cacheSize(256).open());
        }

        @Override
        public Document handleMessage(MongoMessage message) {
            Document answer = super.handleMessage(message);
            if (!READING.contains(message.getDocument().keySet().iterator().next())) {
                commit();
            }
            return answer;
        }
    }
}
