import java.net.HttpURLConnection;
import java.net.InetAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.concurrent.Callable;

/** Prints what it sees, each time it is something else: Look lookup NAME | Look client URL | Look connection URL. */
public class Look {
  private static final Duration PATIENCE = Duration.ofSeconds(1);

  public static void main(String[] args) throws Exception {
    HttpClient client = HttpClient.newBuilder().connectTimeout(PATIENCE).build();
    Callable<String> look = switch (args[0]) {
      case "lookup" -> () -> InetAddress.getByName(args[1]).getHostAddress();
      case "client" -> () -> {
        HttpRequest request = HttpRequest.newBuilder(URI.create(args[1])).timeout(PATIENCE).build();
        return client.send(request, BodyHandlers.ofString()).body();
      };
      case "connection" -> () -> {
        HttpURLConnection connection = (HttpURLConnection) URI.create(args[1]).toURL().openConnection();
        connection.setConnectTimeout((int) PATIENCE.toMillis());
        connection.setReadTimeout((int) PATIENCE.toMillis());
        return new String(connection.getInputStream().readAllBytes());
      };
      default -> throw new IllegalArgumentException(args[0]);
    };
    String last = "";
    while (true) {
      String seen;
      try {
        seen = look.call();
      } catch (java.io.IOException failed) {
        seen = "none";
      }
      if (!seen.equals(last)) {
        System.out.println(seen);
        last = seen;
      }
      Thread.sleep(50);
    }
  }
}
