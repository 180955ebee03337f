import channel.ApiClient;
import channel.ApiException;
import channel.api.TicketsApi;
import channel.model.AllLocked;
import channel.model.NoneSucceeded;
import channel.model.UnlockRequest;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Unlocks tickets by a client that openapi-generator made, and prints what it read.
 *
 * <p>Argument: the plan as JSON. Output: by case, the status and the body as the client's types have
 * it.
 */
public class Unlock {
  private static final Map<Integer, Class<?>> ERRORS =
      Map.of(409, AllLocked.class, 422, NoneSucceeded.class);

  public static void main(String[] arguments) throws Exception {
    ObjectMapper mapper = ApiClient.createDefaultObjectMapper();
    JsonNode plan = mapper.readTree(arguments[0]);
    ApiClient client = new ApiClient();
    client.updateBaseUri(plan.get("url").asText());
    String bearer = "Bearer " + plan.get("accessToken").asText();
    client.setRequestInterceptor(request -> request.header("Authorization", bearer));
    TicketsApi tickets = new TicketsApi(client);
    Map<String, List<Object>> results = new TreeMap<>();
    for (Map.Entry<String, JsonNode> one : plan.get("cases").properties()) {
      results.put(one.getKey(), unlock(tickets, mapper, plan.get("headers"), one.getValue()));
    }
    System.out.println(mapper.writeValueAsString(results));
  }

  private static List<Object> unlock(
      TicketsApi tickets, ObjectMapper mapper, JsonNode headers, JsonNode tokens) throws Exception {
    List<String> asked = new ArrayList<>();
    tokens.forEach(token -> asked.add(token.asText()));
    try {
      var response =
          tickets.unlockTicketsWithHttpInfo(
              headers.get("Request-ID").asText(),
              headers.get("User-Agent").asText(),
              headers.get("PAC-Application-ID").asText(),
              headers.get("PAC-API-Key").asText(),
              headers.get("PAC-Channel-Code").asText(),
              new UnlockRequest().tokens(asked));
      return List.of(response.getStatusCode(), response.getData());
    } catch (ApiException refused) {
      Class<?> type = ERRORS.get(refused.getCode());
      return List.of(refused.getCode(), mapper.readValue(refused.getResponseBody(), type));
    }
  }
}
