// SPDX-License-Identifier: MIT
// Example.java - a message sent and read by the client that openapi-generator makes; docs/clients.md says how.
import dm.ApiClient;
import dm.ApiException;
import dm.api.EventsApi;
import dm.api.MessagesApi;
import dm.model.Message;
import dm.model.MessageSend;
import java.util.UUID;

public class Example {
    static ApiClient connect(String token) {
        ApiClient client = new ApiClient();
        client.updateBaseUri(System.getenv("SERVER"));
        return client.setRequestInterceptor(request -> request.header("Authorization", "Token " + token));
    }

    public static void main(String[] arguments) throws Exception {
        long johnId = Long.parseLong(System.getenv("JOHN_ID")), janeId = Long.parseLong(System.getenv("JANE_ID"));
        ApiClient ofJane = connect(System.getenv("JANE"));
        MessagesApi john = new MessagesApi(connect(System.getenv("JOHN"))), jane = new MessagesApi(ofJane);

        Message sent = john.dmSendCreate(janeId, new MessageSend().content("Hello from Java"), UUID.randomUUID().toString(), null, null, null);
        System.out.println("sent " + sent.getId() + " " + sent.getDirection());
        System.out.println("unread " + jane.dmUnreadRetrieve(null, null, null).getCount());
        Message newest = jane.dmConversationsList2(johnId, null, null, null, null, null, null).getResults().get(0);
        System.out.println("newest " + newest.getDirection() + " " + newest.getContent() + " " + (newest.getReadAt() != null));
        try {
            john.dmSendCreate(johnId, new MessageSend().content("to myself"), null, null, null, null);
        } catch (ApiException refused) {
            System.out.println("refused " + refused.getCode() + " " + refused.getResponseBody());
        }
        System.out.println("ticket " + new EventsApi(ofJane).dmEventsTicketCreate(null, null, null).getExpiresIn());
    }
}
